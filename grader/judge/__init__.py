"""The judge: a fork server, a trusted tester and untrusted workers, joined by data-only frames."""
