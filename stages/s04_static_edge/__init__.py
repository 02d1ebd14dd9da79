"""A shop whose pages are files.

Problem: everybody looks, few buy, and every look still wakes the app. Technique: an nginx in front serves the
page as a file that is the same for all, answers for the changing rest out of a copy half a second old, and
lets only what is one buyer's own through to the app. A page now needs its script to say anything about its
sale, and there is one more place where the truth can be old.
"""
