"""Run one provider as a plugin: the port on stdout, then requests until the engine is gone."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from emulated.docker import DockerProvider
from emulated.service import Provider, explained

_MAX_MESSAGE = 400 * 1024 * 1024
_WORKERS = 16


class _Errors(grpc.ServerInterceptor):
    """An error of a handler reaches the user as one line."""

    def intercept_service(self, continuation: Callable[..., Any], details: grpc.HandlerCallDetails) -> Any:
        handler = continuation(details)
        if handler is None or handler.unary_unary is None:
            return handler

        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            try:
                return handler.unary_unary(request, context)
            except NotImplementedError:
                return context.abort(grpc.StatusCode.UNIMPLEMENTED, details.method)
            except Exception as error:
                return context.abort(grpc.StatusCode.UNKNOWN, explained(error))

        return grpc.unary_unary_rpc_method_handler(answer, handler.request_deserializer, handler.response_serializer)


def main(package: str, version: str) -> None:
    provider = (DockerProvider if package == "docker" else Provider)(package, version)
    options = [("grpc.max_receive_message_length", _MAX_MESSAGE), ("grpc.max_send_message_length", _MAX_MESSAGE)]
    server = grpc.server(ThreadPoolExecutor(_WORKERS), interceptors=[_Errors()], options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    threading.Thread(target=_exit_with_parent, args=(os.getppid(),), daemon=True).start()
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


def _exit_with_parent(parent: int) -> None:
    """A killed CLI ends no plugin; one that is left behind would go on creating."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)
