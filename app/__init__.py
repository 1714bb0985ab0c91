"""The hotline as people and programs meet it: one package per asker, over shared plumbing."""
