"""From results to text. Only here are results given a form."""
