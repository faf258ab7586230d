"""What crosses a border between processes: values, frames, messages, jobs and results. Data alone."""
