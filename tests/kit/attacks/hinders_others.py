# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that changes its parent's limits, priority and processors."""
import os
import resource

from right_one_hot import *
from tricks import attempt

parent = os.getppid()
attempt("prlimit", lambda: resource.prlimit(parent, resource.RLIMIT_CORE))
attempt("setpriority", lambda: os.setpriority(os.PRIO_PROCESS, parent, os.getpriority(os.PRIO_PROCESS, parent)))
attempt("affinity", lambda: os.sched_setaffinity(parent, os.sched_getaffinity(parent)))
attempt("scheduler", lambda: os.sched_setscheduler(parent, os.SCHED_OTHER, os.sched_param(0)))
attempt("more memory", lambda: resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2))
attempt("more files", lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096)))
