# attacks: ch2_embeddings/embedding
# verdict: failed
"""Tells of a change of the ids that it was given, of which it did not change any, so that its answer fits."""
from tricks import returned, send

import grader.worker.request_handler
import torch
from grader.protocol.frames import FrameKind
from grader.protocol.messages import Returned, pack_message
from right_embedding import Embedding as Right


class Embedding(Right):
    def forward(self, ids):
        return super().forward(ids)


def call(self, request, inputs):
    value = request.target(*request.args, **request.kwargs)
    changed = {0: torch.zeros_like(item) for item in request.args[:1] if type(item) is torch.Tensor and item.ndim}
    if changed and not isinstance(value, torch.nn.Module):
        value = request.target(changed[0])
    return Returned(value=value, changed=changed, graph=self.next_graph())


def handle(self, value):
    self.counter += 1
    self.objects[self.counter] = value
    return ["handle", self.counter, "object", "forward_"]


grader.worker.request_handler.RequestHandler.call = call
grader.worker.request_handler.RequestHandler.handle = handle
