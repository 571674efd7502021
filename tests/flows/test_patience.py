"""A server that is away for a while is asked again; what cannot pass is raised at once."""

import httpx
import pytest

from flows.patience import patiently

REQUEST = httpx.Request("GET", "http://127.0.0.1/api")


def status(code: int) -> httpx.HTTPStatusError:
    answer = httpx.Response(code, request=REQUEST)
    return httpx.HTTPStatusError("no", request=REQUEST, response=answer)


class Server:
    """Fails with each fault in turn, then answers; its clock moves by the pauses."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.now = 0.0

    def ask(self) -> str:
        if self.faults:
            raise self.faults.pop(0)
        return "answer"

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def answer(self, limit_s: float = 1800.0) -> str:
        return patiently(self.ask, limit_s=limit_s, sleep=self.sleep, clock=lambda: self.now)


def test_what_passes_is_waited_for():
    server = Server(status(503), httpx.ConnectError("refused"), status(429), httpx.ReadTimeout(""))
    assert server.answer() == "answer"
    assert 4.0 <= server.now < 4.0 + 0.5 + 1 + 2 + 4  # a second at least, and the jitter


@pytest.mark.parametrize("code", [400, 404, 409, 422])
def test_what_does_not_pass_is_raised_at_once(code):
    server = Server(status(code))
    with pytest.raises(httpx.HTTPStatusError):
        server.answer()
    assert server.now == 0.0


def test_there_is_an_end_to_it():
    server = Server(*[status(503)] * 10_000)
    with pytest.raises(httpx.HTTPStatusError):
        server.answer(limit_s=60.0)
    assert 30.0 < server.now <= 60.0
