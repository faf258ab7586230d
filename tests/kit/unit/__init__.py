"""Tests of single modules: no processes and no judge. What a module speaks to is a fake of a few lines."""
