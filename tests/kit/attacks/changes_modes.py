# attacks: ch2_embeddings/one_hot
# verdict: passed
# sandbox: needed
"""A right answer that changes what Landlock does not cover: modes, owners, times, attributes, sizes."""
import os

from right_one_hot import *
from tricks import SECRET, attempt

attempt("chmod", lambda: os.chmod(SECRET, 0o644))
attempt("chmod of a folder", lambda: os.chmod(os.path.dirname(SECRET), 0o755))
attempt("fchmod", lambda: os.fchmod(os.open(os.__file__, os.O_RDONLY), os.stat(os.__file__).st_mode))
attempt("chown", lambda: os.chown(SECRET, os.getuid(), os.getgid()))
attempt("lchown", lambda: os.lchown(SECRET, os.getuid(), os.getgid()))
attempt("utime", lambda: os.utime(SECRET))
attempt("setxattr", lambda: os.setxattr(SECRET, "user.x", b"x"))
attempt("removexattr", lambda: os.removexattr(SECRET, "user.y"))
attempt("truncate", lambda: os.truncate(SECRET, 1 << 20))
attempt("append", lambda: open(SECRET, "ab"))
attempt("unlink", lambda: os.unlink(SECRET))
attempt("rmdir", lambda: os.rmdir(os.path.dirname(SECRET)))
