"""What policy packs say of the resources of a run: remediations, violations, summaries."""

from collections.abc import Callable
from typing import Any

from pulumi.runtime.proto import analyzer_pb2

from .errors import StepFailed
from .events import Events, blinded
from .packs import PackFailed, PolicyPack
from .requests import Registration
from .state import ResourceState
from .values import Properties, to_json
from .wire import from_struct, to_struct

Provider = Callable[[str], ResourceState | None]


class Policies:
    """The packs of one run."""

    def __init__(self, packs: list[PolicyPack], events: Events):
        """Take packs that are loaded, and where violations are told."""
        self._packs = packs
        self._events = events
        self._before_replace: dict[str, bool | None] = {}
        self.violated = False  # a mandatory policy was

    def __bool__(self) -> bool:
        return bool(self._packs)

    @property
    def versions(self) -> dict[str, str]:
        """The version of each pack by name."""
        return {pack.name: pack.version for pack in self._packs}

    def inspect(
        self, request: Registration, state: ResourceState, provider: Provider, preview: bool
    ) -> bool:
        """Let the packs correct the inputs of a resource, then look at them.

        Returns:
            Whether the run may go on with the resource; always in previews.

        Raises:
            StepFailed: a policy raised.
        """
        self._before_replace[state.urn] = request.delete_before_replace
        for pack in self._packs:
            self._remediate(pack, state, provider)
        subject = self._request(state, state.inputs, provider, internal=False)
        valid = True
        for pack in self._packs:
            try:
                response = pack.analyze(subject)
            except PackFailed as error:
                raise StepFailed(f"failed to run policy: {error}") from None
            for diagnostic in response.diagnostics:
                mandatory = self._tell(pack, diagnostic, state.urn)
                valid = valid and not mandatory
            self._summarise(
                "policyAnalyzeSummaryEvent", pack, response.diagnostics, response, state.urn
            )
        return valid or preview

    def inspect_stack(self, states: list[ResourceState], provider: Provider, root: str) -> None:
        """Let the packs look at all resources together.

        Args:
            states: the resources as they are when the run has ended well.
            provider: returns the provider resource of a reference.
            root: the urn of the stack, which violations that name no resource belong to.

        Raises:
            StepFailed: a policy raised.
        """
        request = analyzer_pb2.AnalyzeStackRequest()
        for state in states:
            request.resources.append(self._stack_resource(state, provider))
        present = {state.urn for state in states}
        for pack in self._packs:
            try:
                response = pack.analyze_stack(request)
            except PackFailed as error:
                raise StepFailed(str(error)) from None
            for diagnostic in response.diagnostics:
                self._tell(pack, diagnostic, diagnostic.urn if diagnostic.urn in present else root)
            self._summarise("policyAnalyzeStackSummaryEvent", pack, response.diagnostics, response)

    # ------------------------------------------------------------------ one resource

    def _remediate(self, pack: PolicyPack, state: ResourceState, provider: Provider) -> None:
        try:
            response = pack.remediate(self._request(state, state.inputs, provider, internal=True))
        except PackFailed as error:
            raise StepFailed(f"failed to run remediation: {error}") from None
        for item in response.remediations:
            if item.diagnostic:
                self._violation(pack, item.policyName, item.diagnostic, "advisory", state.urn, "")
                continue
            before, state.inputs = state.inputs, from_struct(item.properties)
            self._events.send(
                "policyRemediationEvent",
                {
                    "resourceUrn": state.urn,
                    **self._named(pack, item.policyName),
                    "before": to_json(before, blinded),
                    "after": to_json(state.inputs, blinded),
                },
            )
        self._summarise(
            "policyRemediateSummaryEvent", pack, response.remediations, response, state.urn
        )

    def _request(
        self, state: ResourceState, properties: Properties, provider: Provider, internal: bool
    ) -> Any:
        return analyzer_pb2.AnalyzeRequest(
            urn=state.urn,
            type=state.type,
            name=state.name,
            properties=to_struct(properties if internal else _shown(properties)),
            options=self._options(state),
            provider=self._provider(provider(state.provider)),
        )

    def _stack_resource(self, state: ResourceState, provider: Provider) -> Any:
        dependencies = {
            key: analyzer_pb2.AnalyzerPropertyDependencies(urns=urns)
            for key, urns in state.property_dependencies.items()
            if urns
        }
        return analyzer_pb2.AnalyzerResource(
            urn=state.urn,
            type=state.type,
            name=state.name,
            properties=to_struct(_shown(state.outputs)),
            options=self._options(state),
            provider=self._provider(provider(state.provider)),
            parent=state.parent,
            dependencies=state.dependencies,
            propertyDependencies=dependencies,
        )

    def _options(self, state: ResourceState) -> Any:
        before_replace = self._before_replace.get(state.urn)
        return analyzer_pb2.AnalyzerResourceOptions(
            protect=state.protect,
            ignoreChanges=state.ignore_changes,
            deleteBeforeReplace=bool(before_replace),
            deleteBeforeReplaceDefined=before_replace is not None,
            additionalSecretOutputs=state.additional_secret_outputs,
            aliases=state.aliases,
            customTimeouts=analyzer_pb2.AnalyzerResourceOptions.CustomTimeouts(
                **state.custom_timeouts
            ),
            parent=state.parent,
        )

    @staticmethod
    def _provider(state: ResourceState | None) -> Any:
        if state is None:
            return None
        return analyzer_pb2.AnalyzerProviderResource(
            urn=state.urn,
            type=state.type,
            name=state.name,
            properties=to_struct(_shown(state.inputs)),
        )

    # ------------------------------------------------------------------ what is told

    def _tell(self, pack: PolicyPack, diagnostic: Any, urn: str) -> bool:
        """Tell of a violation; return whether it is mandatory."""
        level = pack.level(diagnostic.enforcementLevel)
        if level == "remediate":  # what is still wrong after its remediation
            level = "mandatory"
        severity = pack.severity(diagnostic)
        self._violation(pack, diagnostic.policyName, diagnostic.message, level, urn, severity)
        self.violated = self.violated or level == "mandatory"
        return level == "mandatory"

    def _violation(
        self, pack: PolicyPack, policy: str, message: str, level: str, urn: str, severity: str
    ) -> None:
        payload = {
            "resourceUrn": urn,
            "message": message + "\n",
            **self._named(pack, policy),
            "enforcementLevel": level,
        }
        if severity:
            payload["severity"] = severity
        self._events.send("policyEvent", payload)

    def _summarise(
        self, event: str, pack: PolicyPack, found: Any, response: Any, urn: str = ""
    ) -> None:
        stack = event == "policyAnalyzeStackSummaryEvent"
        kind = analyzer_pb2.POLICY_TYPE_STACK if stack else analyzer_pb2.POLICY_TYPE_RESOURCE
        failed = {item.policyName for item in found}
        skipped = {item.policy_name for item in response.not_applicable}
        payload = {
            **({} if stack else {"resourceUrn": urn}),
            "policyPackName": pack.name,
            "policyPackVersion": pack.version,
            "policyPackVersionTag": pack.version,
            "passed": pack.passed(kind, failed, skipped),
            "failed": sorted(failed),
        }
        self._events.send(event, {key: value for key, value in payload.items() if value != []})

    @staticmethod
    def _named(pack: PolicyPack, policy: str) -> dict[str, str]:
        return {
            "color": "raw",
            "policyName": policy,
            "policyPackName": pack.name,
            "policyPackVersion": pack.version,
            "policyPackVersionTag": pack.version,
        }


def _shown(properties: Properties) -> Properties:
    """Leave out what is not for policies."""
    return {key: value for key, value in properties.items() if not key.startswith("__")}
