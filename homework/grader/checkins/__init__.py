"""Daily check-ins: four questions a day. A learner sees the way made; a teacher, who is stuck."""
