from __future__ import annotations

import pytest

from bellwire.core.dispatch.news import _for_logs


@pytest.mark.parametrize(
    ("detail", "logged"),
    [
        ('Post "http://***@h:81/key?***": it refused', 'Post "http://h:81": it refused'),
        ("redirects are not followed; Location https://h/key/2;", "redirects are not followed; Location https://h;"),
        ("http://h/key and https://h/other.", "http://h and https://h."),
        ("https://[::1]:8000/key: no", "https://[::1]:8000: no"),
        ("10.0.0.1:80 refused the connection", "10.0.0.1:80 refused the connection"),
    ],
)
def test_a_log_shows_of_a_url_scheme_and_host_only(detail: str, logged: str) -> None:
    assert _for_logs(detail) == logged
