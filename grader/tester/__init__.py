"""Everything in pytest's process: the suite's fixtures, the verdict on each test, and the mistake behind it."""
