"""A shop with a door: who wants to press gets a permit first, and not everybody gets one.

Problem: a bot is under every limit when it has a thousand accounts and a thousand addresses, and it presses a
millisecond after the opening, when no person has moved a finger.
Technique: a press needs a purchase permit: signed, for one buyer and one sale, soon over, used up by one
press, given out only after the opening and only in a number that fits the stock. At the door a visitor pays
with a little work, the more the more speaks against them. Everybody now waits one request longer, and some
honest people pay the price of looking like a bot.
"""
