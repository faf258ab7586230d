# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Answers each request twice, so that each answer but the first is the one to the question before."""
import grader.worker.request_handler
from right_one_hot import *
from tricks import send

answer = grader.worker.request_handler.RequestHandler.answer


def twice(self, request):
    found = answer(self, request)
    send(found)
    return found


grader.worker.request_handler.RequestHandler.answer = twice
