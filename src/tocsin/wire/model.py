"""AWS's service models, loaded when they are first asked for. Spec: WIRE-1.1, WIRE-4.3, WIRE-4.8.

Nothing here reads credentials, configuration files or the network; botocore is a box of data.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import OperationNotFoundError, ServiceModel

from tocsin.wire.record_shape import RecordShapes
from tocsin.wire.rest_route import RestRoutes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from botocore.model import OperationModel, Shape

    from tocsin.wire.shape import Compilation

SERVED = ("logs", "cloudwatch", "cloudtrail", "sns", "sts")
"""The services of this release, by the names of their models."""


class ServiceApi:
    """The model of one service, and what is compiled of it."""

    def __init__(self, name: str, model: ServiceModel) -> None:
        self.name = name
        self.model = model
        metadata: dict[str, Any] = model.metadata
        self.version = str(metadata["apiVersion"])
        self.target_prefix: str | None = metadata.get("targetPrefix")
        self.signing_name = str(metadata.get("signingName") or metadata["endpointPrefix"])
        self.xml_namespace = str(metadata.get("xmlNamespace", ""))
        self.json_version = str(metadata.get("jsonVersion", "1.0"))
        self.protocols = tuple(metadata.get("protocols") or [metadata["protocol"]])
        self.is_query_compatible = "awsQueryCompatible" in metadata
        self.operation_names = frozenset(model.operation_names)
        self.record_shapes = RecordShapes()
        self._compilations: dict[str, Compilation] = {}
        self._closures: dict[tuple[str, str], Callable[[Any], Any]] = {}
        self._lock = threading.Lock()
        self._errors_by_code: dict[str, Shape] | None = None
        self._routes: RestRoutes | None = None

    def operation(self, name: str) -> OperationModel | None:
        """The model of an operation; names are case-sensitive (WIRE-1.11)."""
        try:
            return self.model.operation_model(name) if name in self.operation_names else None
        except OperationNotFoundError:
            return None

    def closure(self, kind: str, operation: str, shape: Shape, make: Callable[[], Compilation]) -> Callable[[Any], Any]:
        """The compiled closure of an operation's shape; `kind` names protocol and direction."""
        known = self._closures.get((kind, operation))
        if known is None:
            with self._lock:
                compilation = self._compilations.get(kind)
                if compilation is None:
                    compilation = self._compilations[kind] = make()
            known = self._closures[kind, operation] = compilation.closure(shape)
        return known

    @property
    def routes(self) -> RestRoutes:
        """The operations by method and path, for a REST service."""
        if self._routes is None:
            self._routes = RestRoutes(self.model)
        return self._routes

    def error_shape(self, name: str) -> Shape | None:
        """The error shape of that name, else one that has it for its query code."""
        if self._errors_by_code is None:
            by_code: dict[str, Shape] = {}
            for shape in self.model.error_shapes:
                code = shape.metadata.get("error", {}).get("code")
                # A shape that is called as its code comes before others with the same code.
                if code and (code not in by_code or shape.name == code):
                    by_code[code] = shape
            by_code.update((shape.name, shape) for shape in self.model.error_shapes)
            self._errors_by_code = by_code
        return self._errors_by_code.get(name)


class ServiceModels:
    """The models of AWS's services, each loaded once. `served` names those that requests may be for."""

    def __init__(self, served: Iterable[str] = SERVED) -> None:
        self.served = tuple(served)
        self._loader = Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
        self._services: dict[str, ServiceApi] = {}
        self._by_prefix: dict[str, ServiceApi] | None = None
        self._by_signing_name: dict[str, ServiceApi] | None = None
        self._lock = threading.RLock()

    def service(self, name: str) -> ServiceApi:
        """The model of that name, such as `cloudwatch`.

        Raises:
            KeyError: botocore has no such model.
        """
        known = self._services.get(name)
        if known is None:
            with self._lock:
                known = self._services.get(name)
                if known is None:
                    try:
                        description = self._loader.load_service_model(name, "service-2")
                    except UnknownServiceError:
                        raise KeyError(name) from None
                    known = self._services[name] = ServiceApi(name, ServiceModel(description, name))
        return known

    def load_served(self) -> tuple[ServiceApi, ...]:
        """All served services; a server calls this before it listens."""
        return tuple(self.service(name) for name in self.served)

    def by_target_prefix(self, prefix: str) -> ServiceApi | None:
        """The served service of a target prefix; the part behind its last dot will do (`CloudTrail_20131101`)."""
        if self._by_prefix is None:
            table: dict[str, ServiceApi] = {}
            for api in self.load_served():
                if api.target_prefix:
                    table[api.target_prefix] = api
                    table.setdefault(api.target_prefix.rpartition(".")[2], api)
            self._by_prefix = table
        return self._by_prefix.get(prefix)

    def by_signing_name(self, name: str) -> ServiceApi | None:
        """The served service that signs with that name; the model's name is accepted as well (WIRE-1.9)."""
        if self._by_signing_name is None:
            table = {api.name: api for api in self.load_served()}
            table.update((api.signing_name, api) for api in self.load_served())
            self._by_signing_name = table
        return self._by_signing_name.get(name)

    def by_query_version(self, version: str) -> ServiceApi | None:
        """The served query service of an API version."""
        return next((api for api in self.load_served() if "query" in api.protocols and api.version == version), None)

    def by_query_action(self, action: str) -> ServiceApi | None:
        """The served query service that has the action, when exactly one has it."""
        found = [api for api in self.load_served() if "query" in api.protocols and action in api.operation_names]
        return found[0] if len(found) == 1 else None
