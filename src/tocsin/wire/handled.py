"""A call that this process answered itself, for its record. Spec: WIRE-10.5, REC-3.

The parameters are parsed and the result is there by the model's member names, so nothing is read twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tocsin.core.record.call import ApiAnswer, ApiCall, ApiError
from tocsin.core.record.region import recorded_region
from tocsin.wire.answer_reader import error_name
from tocsin.wire.fault_format import fault_form, json_status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocsin.wire.call import Call
    from tocsin.wire.fault import Fault


def handled_call(call: Call, parameters: Mapping[str, Any] | None, *, region: str, host: str = "") -> ApiCall:
    """What was asked; `parameters` is None for a request that could not be read. `region` is that of the scope."""
    api = call.api
    return ApiCall(
        service=api.name,
        signing_name=api.signing_name,
        operation=call.operation,
        region=recorded_region(api.name, region, host=host),
        input=api.record_shapes.shape(call.model.input_shape),
        output=api.record_shapes.shape(call.model.output_shape),
        parameters=None if parameters is None else dict(parameters),
    )


def handled_answer(result: Mapping[str, Any] | bytes | None, request_id: str) -> ApiAnswer:
    """What was answered to a call that went well; a body that was written by hand is of a read and not looked at."""
    output = dict(result) if result is not None and not isinstance(result, bytes) else {}
    return ApiAnswer(output=output, request_id=request_id)


def handled_fault(call: Call, fault: Fault, request_id: str) -> ApiAnswer:
    """What was answered to a call that went wrong."""
    form = fault_form(call, fault)
    is_query = call.protocol == "query"
    wire_code = form.query_code if is_query else form.code
    error = ApiError(
        code=error_name(call.api, call.model, wire_code),
        wire_code=wire_code,
        message=form.message,
        status=form.query_status if is_query else json_status(call, form),
    )
    return ApiAnswer(error=error, request_id=request_id)
