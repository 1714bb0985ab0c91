"""Promises of everything that reads what others wrote: a refusal that is documented, or a result that keeps a law.

With the other tests each is tried on a few made-up inputs and on those that once broke it; `scripts/fuzz` tries them
for as long as one likes, led by what of the code an input reaches.
"""
