"""Words in, exit codes out: the commands, in modules by the audience that they are for."""
