"""Commands for those who write exercises: scaffold, derive stubs, prove that suites can pass and fail."""
