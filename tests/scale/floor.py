"""What the SDK alone needs for a program: a monitor that answers at once, and no engine.

python floor.py FOLDER
"""

import asyncio
import gc
import logging
import runpy
import sys
from concurrent.futures import ThreadPoolExecutor

from google.protobuf import empty_pb2
from pulumi.runtime import Settings, configure, run_in_stack
from pulumi.runtime.proto import engine_pb2, resource_pb2

FEATURES = [
    getattr(resource_pb2, f"RESOURCE_MONITOR_FEATURE_{name}")
    for name in ("SECRETS", "RESOURCE_REFERENCES", "OUTPUT_VALUES", "ALIAS_SPECS", "DELETED_WITH")
]


class Monitor:
    """Takes everything as it is."""

    def GetDeploymentInfo(self, request, context=None):
        return resource_pb2.DeploymentInfo(supportedFeatures=FEATURES)

    def RegisterResource(self, request, context=None):
        return resource_pb2.RegisterResourceResponse(
            urn=f"urn:pulumi:dev::scale::{request.type}::{request.name}",
            id=request.name if request.custom else "",
            object=request.object,
        )

    def RegisterResourceOutputs(self, request, context=None):
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request, context=None):
        return empty_pb2.Empty()


class Engine:
    """Drops what is logged."""

    def Log(self, request, context=None):
        return empty_pb2.Empty()

    def GetRootResource(self, request, context=None):
        return engine_pb2.GetRootResourceResponse()

    def SetRootResource(self, request, context=None):
        return engine_pb2.SetRootResourceResponse()


def main(folder):
    """Run the program in a folder, tuned as the embedded engine tunes it."""
    configure(Settings("scale", "dev", Monitor(), Engine(), 16, False, root_directory=folder))
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 1_000)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with ThreadPoolExecutor(20) as executor:
        loop.set_default_executor(executor)
        program = f"{folder}/__main__.py"
        loop.run_until_complete(
            run_in_stack(lambda: runpy.run_path(program, run_name="__main__") and None)
        )


if __name__ == "__main__":
    main(sys.argv[1])
