"""The knowledge base: articles that coordinators keep, citizens read, and questions are answered with."""
