from datasette import Response, hookimpl

from rangeserve import ClientDisconnected


@hookimpl(hookwrapper=True)
def handle_exception(exception):
    outcome = yield
    if isinstance(exception, ClientDisconnected):
        outcome.force_result([Response.text("")])
