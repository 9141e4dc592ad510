from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

ABORTED: Code
ALREADY_EXISTS: Code
CANCELLED: Code
CATEGORICAL: Head
DATA_LOSS: Code
DEADLINE_EXCEEDED: Code
DESCRIPTOR: _descriptor.FileDescriptor
FAILED: VersionState
FAILED_PRECONDITION: Code
FP32: ElementType
GAUSSIAN: Head
GREEDY: ActionMode
INTERNAL: Code
INVALID_ARGUMENT: Code
LOADED: VersionState
LOADING: VersionState
NOT_FOUND: Code
NOT_SERVING: Serving
NO_ACTIONS: ActionMode
OK: Code
OUT_OF_RANGE: Code
PERMISSION_DENIED: Code
Q_VALUES: Head
RELU: Activation
RESOURCE_EXHAUSTED: Code
SAMPLED: ActionMode
SERVICE_UNKNOWN: Serving
SERVING: Serving
SERVING_UNKNOWN: Serving
STORED: VersionState
TANH: Activation
UINT8: ElementType
UNAUTHENTICATED: Code
UNAVAILABLE: Code
UNIMPLEMENTED: Code
UNKNOWN: Code

class AliasChange(_message.Message):
    __slots__ = ["alias", "reason", "to", "when_us", "who"]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    FROM_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    WHEN_US_FIELD_NUMBER: _ClassVar[int]
    WHO_FIELD_NUMBER: _ClassVar[int]
    alias: str
    reason: str
    to: int
    when_us: int
    who: str
    def __init__(self, alias: _Optional[str] = ..., to: _Optional[int] = ..., who: _Optional[str] = ..., when_us: _Optional[int] = ..., reason: _Optional[str] = ..., **kwargs) -> None: ...

class AliasReply(_message.Message):
    __slots__ = ["to"]
    FROM_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    to: int
    def __init__(self, to: _Optional[int] = ..., **kwargs) -> None: ...

class AliasRequest(_message.Message):
    __slots__ = ["alias", "model", "reason", "request_id", "version"]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    alias: str
    model: str
    reason: str
    request_id: str
    version: int
    def __init__(self, model: _Optional[str] = ..., alias: _Optional[str] = ..., version: _Optional[int] = ..., reason: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class AliasTarget(_message.Message):
    __slots__ = ["alias", "version"]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    alias: str
    version: int
    def __init__(self, alias: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class Cancel(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class Chunk(_message.Message):
    __slots__ = ["data", "offset"]
    DATA_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    offset: int
    def __init__(self, offset: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...

class DescribeReply(_message.Message):
    __slots__ = ["model", "version"]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    model: Model
    version: Version
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ..., version: _Optional[_Union[Version, _Mapping]] = ...) -> None: ...

class DescribeRequest(_message.Message):
    __slots__ = ["alias", "model", "version"]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    alias: str
    model: str
    version: int
    def __init__(self, model: _Optional[str] = ..., version: _Optional[int] = ..., alias: _Optional[str] = ...) -> None: ...

class FetchHeader(_message.Message):
    __slots__ = ["artefact_bytes", "golden", "lineage", "sha256", "version"]
    ARTEFACT_BYTES_FIELD_NUMBER: _ClassVar[int]
    GOLDEN_FIELD_NUMBER: _ClassVar[int]
    LINEAGE_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    artefact_bytes: int
    golden: Golden
    lineage: Lineage
    sha256: bytes
    version: int
    def __init__(self, version: _Optional[int] = ..., artefact_bytes: _Optional[int] = ..., sha256: _Optional[bytes] = ..., lineage: _Optional[_Union[Lineage, _Mapping]] = ..., golden: _Optional[_Union[Golden, _Mapping]] = ...) -> None: ...

class FetchRequest(_message.Message):
    __slots__ = ["alias", "model", "version"]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    alias: str
    model: str
    version: int
    def __init__(self, model: _Optional[str] = ..., version: _Optional[int] = ..., alias: _Optional[str] = ...) -> None: ...

class Frame(_message.Message):
    __slots__ = ["alias", "alias_reply", "call", "cancel", "chunk", "describe", "describe_reply", "fetch", "fetch_header", "go_away", "health", "health_reply", "hello", "history", "history_reply", "infer", "infer_reply", "list_models", "list_models_reply", "ping", "pong", "publish", "publish_reply", "report", "report_reply", "rollout", "rollout_reply", "status", "verify", "verify_reply", "watch", "watch_event", "welcome"]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    ALIAS_REPLY_FIELD_NUMBER: _ClassVar[int]
    CALL_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    DESCRIBE_FIELD_NUMBER: _ClassVar[int]
    DESCRIBE_REPLY_FIELD_NUMBER: _ClassVar[int]
    FETCH_FIELD_NUMBER: _ClassVar[int]
    FETCH_HEADER_FIELD_NUMBER: _ClassVar[int]
    GO_AWAY_FIELD_NUMBER: _ClassVar[int]
    HEALTH_FIELD_NUMBER: _ClassVar[int]
    HEALTH_REPLY_FIELD_NUMBER: _ClassVar[int]
    HELLO_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    HISTORY_REPLY_FIELD_NUMBER: _ClassVar[int]
    INFER_FIELD_NUMBER: _ClassVar[int]
    INFER_REPLY_FIELD_NUMBER: _ClassVar[int]
    LIST_MODELS_FIELD_NUMBER: _ClassVar[int]
    LIST_MODELS_REPLY_FIELD_NUMBER: _ClassVar[int]
    PING_FIELD_NUMBER: _ClassVar[int]
    PONG_FIELD_NUMBER: _ClassVar[int]
    PUBLISH_FIELD_NUMBER: _ClassVar[int]
    PUBLISH_REPLY_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    REPORT_REPLY_FIELD_NUMBER: _ClassVar[int]
    ROLLOUT_FIELD_NUMBER: _ClassVar[int]
    ROLLOUT_REPLY_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    VERIFY_FIELD_NUMBER: _ClassVar[int]
    VERIFY_REPLY_FIELD_NUMBER: _ClassVar[int]
    WATCH_EVENT_FIELD_NUMBER: _ClassVar[int]
    WATCH_FIELD_NUMBER: _ClassVar[int]
    WELCOME_FIELD_NUMBER: _ClassVar[int]
    alias: AliasRequest
    alias_reply: AliasReply
    call: int
    cancel: Cancel
    chunk: Chunk
    describe: DescribeRequest
    describe_reply: DescribeReply
    fetch: FetchRequest
    fetch_header: FetchHeader
    go_away: GoAway
    health: HealthRequest
    health_reply: HealthReply
    hello: Hello
    history: HistoryRequest
    history_reply: HistoryReply
    infer: InferRequest
    infer_reply: InferReply
    list_models: ListModelsRequest
    list_models_reply: ListModelsReply
    ping: Ping
    pong: Pong
    publish: PublishHeader
    publish_reply: PublishReply
    report: ReportRequest
    report_reply: ReportReply
    rollout: RolloutRequest
    rollout_reply: RolloutReply
    status: Status
    verify: VerifyRequest
    verify_reply: VerifyReply
    watch: WatchRequest
    watch_event: WatchEvent
    welcome: Welcome
    def __init__(self, call: _Optional[int] = ..., infer: _Optional[_Union[InferRequest, _Mapping]] = ..., infer_reply: _Optional[_Union[InferReply, _Mapping]] = ..., status: _Optional[_Union[Status, _Mapping]] = ..., cancel: _Optional[_Union[Cancel, _Mapping]] = ..., ping: _Optional[_Union[Ping, _Mapping]] = ..., pong: _Optional[_Union[Pong, _Mapping]] = ..., hello: _Optional[_Union[Hello, _Mapping]] = ..., welcome: _Optional[_Union[Welcome, _Mapping]] = ..., go_away: _Optional[_Union[GoAway, _Mapping]] = ..., describe: _Optional[_Union[DescribeRequest, _Mapping]] = ..., describe_reply: _Optional[_Union[DescribeReply, _Mapping]] = ..., health: _Optional[_Union[HealthRequest, _Mapping]] = ..., health_reply: _Optional[_Union[HealthReply, _Mapping]] = ..., list_models: _Optional[_Union[ListModelsRequest, _Mapping]] = ..., list_models_reply: _Optional[_Union[ListModelsReply, _Mapping]] = ..., alias: _Optional[_Union[AliasRequest, _Mapping]] = ..., alias_reply: _Optional[_Union[AliasReply, _Mapping]] = ..., history: _Optional[_Union[HistoryRequest, _Mapping]] = ..., history_reply: _Optional[_Union[HistoryReply, _Mapping]] = ..., verify: _Optional[_Union[VerifyRequest, _Mapping]] = ..., verify_reply: _Optional[_Union[VerifyReply, _Mapping]] = ..., publish: _Optional[_Union[PublishHeader, _Mapping]] = ..., chunk: _Optional[_Union[Chunk, _Mapping]] = ..., publish_reply: _Optional[_Union[PublishReply, _Mapping]] = ..., fetch: _Optional[_Union[FetchRequest, _Mapping]] = ..., fetch_header: _Optional[_Union[FetchHeader, _Mapping]] = ..., report: _Optional[_Union[ReportRequest, _Mapping]] = ..., report_reply: _Optional[_Union[ReportReply, _Mapping]] = ..., watch: _Optional[_Union[WatchRequest, _Mapping]] = ..., watch_event: _Optional[_Union[WatchEvent, _Mapping]] = ..., rollout: _Optional[_Union[RolloutRequest, _Mapping]] = ..., rollout_reply: _Optional[_Union[RolloutReply, _Mapping]] = ...) -> None: ...

class GateReading(_message.Message):
    __slots__ = ["estimate", "gate", "lower", "note", "state", "units", "upper"]
    ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    GATE_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    estimate: float
    gate: str
    lower: float
    note: str
    state: str
    units: int
    upper: float
    def __init__(self, gate: _Optional[str] = ..., state: _Optional[str] = ..., estimate: _Optional[float] = ..., lower: _Optional[float] = ..., upper: _Optional[float] = ..., units: _Optional[int] = ..., note: _Optional[str] = ...) -> None: ...

class GoAway(_message.Message):
    __slots__ = ["last_call", "status"]
    LAST_CALL_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    last_call: int
    status: Status
    def __init__(self, last_call: _Optional[int] = ..., status: _Optional[_Union[Status, _Mapping]] = ...) -> None: ...

class Golden(_message.Message):
    __slots__ = ["observations", "outputs", "rows", "values"]
    OBSERVATIONS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    observations: bytes
    outputs: bytes
    rows: int
    values: bytes
    def __init__(self, rows: _Optional[int] = ..., observations: _Optional[bytes] = ..., outputs: _Optional[bytes] = ..., values: _Optional[bytes] = ...) -> None: ...

class HealthReply(_message.Message):
    __slots__ = ["serving"]
    SERVING_FIELD_NUMBER: _ClassVar[int]
    serving: Serving
    def __init__(self, serving: _Optional[_Union[Serving, str]] = ...) -> None: ...

class HealthRequest(_message.Message):
    __slots__ = ["model", "watch"]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    WATCH_FIELD_NUMBER: _ClassVar[int]
    model: str
    watch: bool
    def __init__(self, model: _Optional[str] = ..., watch: bool = ...) -> None: ...

class Hello(_message.Message):
    __slots__ = ["client", "features", "protocol", "token"]
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    client: str
    features: _containers.RepeatedScalarFieldContainer[str]
    protocol: int
    token: str
    def __init__(self, protocol: _Optional[int] = ..., client: _Optional[str] = ..., token: _Optional[str] = ..., features: _Optional[_Iterable[str]] = ...) -> None: ...

class HistoryReply(_message.Message):
    __slots__ = ["changes"]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[AliasChange]
    def __init__(self, changes: _Optional[_Iterable[_Union[AliasChange, _Mapping]]] = ...) -> None: ...

class HistoryRequest(_message.Message):
    __slots__ = ["model"]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: str
    def __init__(self, model: _Optional[str] = ...) -> None: ...

class InferReply(_message.Message):
    __slots__ = ["actions", "features", "lease_moved", "outputs", "rows", "values", "version"]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    LEASE_MOVED_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    actions: bytes
    features: bytes
    lease_moved: bool
    outputs: bytes
    rows: int
    values: bytes
    version: int
    def __init__(self, version: _Optional[int] = ..., rows: _Optional[int] = ..., outputs: _Optional[bytes] = ..., values: _Optional[bytes] = ..., actions: _Optional[bytes] = ..., features: _Optional[bytes] = ..., lease_moved: bool = ...) -> None: ...

class InferRequest(_message.Message):
    __slots__ = ["action_mode", "action_seed", "alias", "deadline_us", "element_type", "episode", "features_layer", "lease_version", "minimum_version", "model", "observations", "rows", "version", "want"]
    ACTION_MODE_FIELD_NUMBER: _ClassVar[int]
    ACTION_SEED_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_US_FIELD_NUMBER: _ClassVar[int]
    ELEMENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    EPISODE_FIELD_NUMBER: _ClassVar[int]
    FEATURES_LAYER_FIELD_NUMBER: _ClassVar[int]
    LEASE_VERSION_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_VERSION_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    OBSERVATIONS_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    WANT_FIELD_NUMBER: _ClassVar[int]
    action_mode: ActionMode
    action_seed: int
    alias: str
    deadline_us: int
    element_type: ElementType
    episode: int
    features_layer: str
    lease_version: int
    minimum_version: int
    model: str
    observations: bytes
    rows: int
    version: int
    want: int
    def __init__(self, model: _Optional[str] = ..., rows: _Optional[int] = ..., observations: _Optional[bytes] = ..., version: _Optional[int] = ..., alias: _Optional[str] = ..., deadline_us: _Optional[int] = ..., element_type: _Optional[_Union[ElementType, str]] = ..., want: _Optional[int] = ..., episode: _Optional[int] = ..., lease_version: _Optional[int] = ..., minimum_version: _Optional[int] = ..., action_mode: _Optional[_Union[ActionMode, str]] = ..., action_seed: _Optional[int] = ..., features_layer: _Optional[str] = ...) -> None: ...

class Lineage(_message.Message):
    __slots__ = ["algorithm", "environment_steps", "run", "seed", "teachers"]
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_STEPS_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    TEACHERS_FIELD_NUMBER: _ClassVar[int]
    algorithm: str
    environment_steps: int
    run: str
    seed: int
    teachers: _containers.RepeatedCompositeFieldContainer[TeacherUse]
    def __init__(self, run: _Optional[str] = ..., algorithm: _Optional[str] = ..., seed: _Optional[int] = ..., environment_steps: _Optional[int] = ..., teachers: _Optional[_Iterable[_Union[TeacherUse, _Mapping]]] = ...) -> None: ...

class ListModelsReply(_message.Message):
    __slots__ = ["models"]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[Model]
    def __init__(self, models: _Optional[_Iterable[_Union[Model, _Mapping]]] = ...) -> None: ...

class ListModelsRequest(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class Model(_message.Message):
    __slots__ = ["aliases", "name", "versions"]
    ALIASES_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    aliases: _containers.RepeatedCompositeFieldContainer[AliasTarget]
    name: str
    versions: _containers.RepeatedCompositeFieldContainer[Version]
    def __init__(self, name: _Optional[str] = ..., versions: _Optional[_Iterable[_Union[Version, _Mapping]]] = ..., aliases: _Optional[_Iterable[_Union[AliasTarget, _Mapping]]] = ...) -> None: ...

class Normalizer(_message.Message):
    __slots__ = ["epsilon", "limit", "mean", "variance"]
    EPSILON_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    VARIANCE_FIELD_NUMBER: _ClassVar[int]
    epsilon: float
    limit: float
    mean: bytes
    variance: bytes
    def __init__(self, mean: _Optional[bytes] = ..., variance: _Optional[bytes] = ..., epsilon: _Optional[float] = ..., limit: _Optional[float] = ...) -> None: ...

class Ping(_message.Message):
    __slots__ = ["payload"]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    payload: int
    def __init__(self, payload: _Optional[int] = ...) -> None: ...

class Policy(_message.Message):
    __slots__ = ["action_high", "action_low", "action_width", "activation", "environment", "fingerprint", "has_value", "head", "normalizer", "observation_width", "parameters", "policy_hidden", "shared_trunk", "value_hidden"]
    ACTION_HIGH_FIELD_NUMBER: _ClassVar[int]
    ACTION_LOW_FIELD_NUMBER: _ClassVar[int]
    ACTION_WIDTH_FIELD_NUMBER: _ClassVar[int]
    ACTIVATION_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    HAS_VALUE_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    NORMALIZER_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_WIDTH_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    POLICY_HIDDEN_FIELD_NUMBER: _ClassVar[int]
    SHARED_TRUNK_FIELD_NUMBER: _ClassVar[int]
    VALUE_HIDDEN_FIELD_NUMBER: _ClassVar[int]
    action_high: bytes
    action_low: bytes
    action_width: int
    activation: Activation
    environment: str
    fingerprint: bytes
    has_value: bool
    head: Head
    normalizer: Normalizer
    observation_width: int
    parameters: int
    policy_hidden: _containers.RepeatedScalarFieldContainer[int]
    shared_trunk: bool
    value_hidden: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, environment: _Optional[str] = ..., observation_width: _Optional[int] = ..., head: _Optional[_Union[Head, str]] = ..., action_width: _Optional[int] = ..., action_low: _Optional[bytes] = ..., action_high: _Optional[bytes] = ..., policy_hidden: _Optional[_Iterable[int]] = ..., value_hidden: _Optional[_Iterable[int]] = ..., shared_trunk: bool = ..., activation: _Optional[_Union[Activation, str]] = ..., has_value: bool = ..., normalizer: _Optional[_Union[Normalizer, _Mapping]] = ..., parameters: _Optional[int] = ..., fingerprint: _Optional[bytes] = ...) -> None: ...

class Pong(_message.Message):
    __slots__ = ["payload"]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    payload: int
    def __init__(self, payload: _Optional[int] = ...) -> None: ...

class PublishHeader(_message.Message):
    __slots__ = ["artefact_bytes", "golden", "lineage", "model", "request_id", "sha256"]
    ARTEFACT_BYTES_FIELD_NUMBER: _ClassVar[int]
    GOLDEN_FIELD_NUMBER: _ClassVar[int]
    LINEAGE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    artefact_bytes: int
    golden: Golden
    lineage: Lineage
    model: str
    request_id: str
    sha256: bytes
    def __init__(self, model: _Optional[str] = ..., artefact_bytes: _Optional[int] = ..., sha256: _Optional[bytes] = ..., lineage: _Optional[_Union[Lineage, _Mapping]] = ..., golden: _Optional[_Union[Golden, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class PublishReply(_message.Message):
    __slots__ = ["sha256", "version"]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    sha256: bytes
    version: int
    def __init__(self, version: _Optional[int] = ..., sha256: _Optional[bytes] = ...) -> None: ...

class QueryFrame(_message.Message):
    __slots__ = ["call", "infer", "infer_reply"]
    CALL_FIELD_NUMBER: _ClassVar[int]
    INFER_FIELD_NUMBER: _ClassVar[int]
    INFER_REPLY_FIELD_NUMBER: _ClassVar[int]
    call: int
    infer: InferRequest
    infer_reply: InferReply
    def __init__(self, call: _Optional[int] = ..., infer: _Optional[_Union[InferRequest, _Mapping]] = ..., infer_reply: _Optional[_Union[InferReply, _Mapping]] = ...) -> None: ...

class ReportReply(_message.Message):
    __slots__ = []
    def __init__(self) -> None: ...

class ReportRequest(_message.Message):
    __slots__ = ["episode", "episode_return", "model", "steps", "version"]
    EPISODE_FIELD_NUMBER: _ClassVar[int]
    EPISODE_RETURN_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    episode: int
    episode_return: float
    model: str
    steps: int
    version: int
    def __init__(self, model: _Optional[str] = ..., version: _Optional[int] = ..., episode: _Optional[int] = ..., episode_return: _Optional[float] = ..., steps: _Optional[int] = ...) -> None: ...

class RolloutEvent(_message.Message):
    __slots__ = ["kind", "reason", "rollout", "step", "weight", "when_us", "who"]
    KIND_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ROLLOUT_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    WHEN_US_FIELD_NUMBER: _ClassVar[int]
    WHO_FIELD_NUMBER: _ClassVar[int]
    kind: str
    reason: str
    rollout: str
    step: int
    weight: float
    when_us: int
    who: str
    def __init__(self, rollout: _Optional[str] = ..., kind: _Optional[str] = ..., step: _Optional[int] = ..., weight: _Optional[float] = ..., who: _Optional[str] = ..., when_us: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class RolloutRecord(_message.Message):
    __slots__ = ["baseline", "candidate", "created_us", "ended_us", "plan", "reason", "rollout", "state", "step", "steps", "weight", "who"]
    BASELINE_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_FIELD_NUMBER: _ClassVar[int]
    CREATED_US_FIELD_NUMBER: _ClassVar[int]
    ENDED_US_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ROLLOUT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    WHO_FIELD_NUMBER: _ClassVar[int]
    baseline: int
    candidate: int
    created_us: int
    ended_us: int
    plan: str
    reason: str
    rollout: str
    state: str
    step: int
    steps: _containers.RepeatedScalarFieldContainer[float]
    weight: float
    who: str
    def __init__(self, rollout: _Optional[str] = ..., state: _Optional[str] = ..., candidate: _Optional[int] = ..., baseline: _Optional[int] = ..., step: _Optional[int] = ..., steps: _Optional[_Iterable[float]] = ..., weight: _Optional[float] = ..., plan: _Optional[str] = ..., reason: _Optional[str] = ..., who: _Optional[str] = ..., created_us: _Optional[int] = ..., ended_us: _Optional[int] = ...) -> None: ...

class RolloutReply(_message.Message):
    __slots__ = ["baseline", "candidate", "candidate_episodes", "created_us", "ended_us", "events", "gates", "model", "plan", "reason", "revision", "rollout", "rollouts", "stable_episodes", "state", "step", "step_started_us", "steps", "weight", "who"]
    BASELINE_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_EPISODES_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_FIELD_NUMBER: _ClassVar[int]
    CREATED_US_FIELD_NUMBER: _ClassVar[int]
    ENDED_US_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    GATES_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    ROLLOUTS_FIELD_NUMBER: _ClassVar[int]
    ROLLOUT_FIELD_NUMBER: _ClassVar[int]
    STABLE_EPISODES_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    STEP_STARTED_US_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    WHO_FIELD_NUMBER: _ClassVar[int]
    baseline: int
    candidate: int
    candidate_episodes: int
    created_us: int
    ended_us: int
    events: _containers.RepeatedCompositeFieldContainer[RolloutEvent]
    gates: _containers.RepeatedCompositeFieldContainer[GateReading]
    model: str
    plan: str
    reason: str
    revision: int
    rollout: str
    rollouts: _containers.RepeatedCompositeFieldContainer[RolloutRecord]
    stable_episodes: int
    state: str
    step: int
    step_started_us: int
    steps: _containers.RepeatedScalarFieldContainer[float]
    weight: float
    who: str
    def __init__(self, rollout: _Optional[str] = ..., state: _Optional[str] = ..., candidate: _Optional[int] = ..., reason: _Optional[str] = ..., model: _Optional[str] = ..., baseline: _Optional[int] = ..., step: _Optional[int] = ..., steps: _Optional[_Iterable[float]] = ..., weight: _Optional[float] = ..., plan: _Optional[str] = ..., gates: _Optional[_Iterable[_Union[GateReading, _Mapping]]] = ..., candidate_episodes: _Optional[int] = ..., stable_episodes: _Optional[int] = ..., step_started_us: _Optional[int] = ..., created_us: _Optional[int] = ..., ended_us: _Optional[int] = ..., who: _Optional[str] = ..., revision: _Optional[int] = ..., events: _Optional[_Iterable[_Union[RolloutEvent, _Mapping]]] = ..., rollouts: _Optional[_Iterable[_Union[RolloutRecord, _Mapping]]] = ...) -> None: ...

class RolloutRequest(_message.Message):
    __slots__ = ["action", "model", "plan", "reason", "request_id", "version"]
    class Action(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = []
    ABORT: RolloutRequest.Action
    ACTION_FIELD_NUMBER: _ClassVar[int]
    HISTORY: RolloutRequest.Action
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PAUSE: RolloutRequest.Action
    PLAN_FIELD_NUMBER: _ClassVar[int]
    PROMOTE: RolloutRequest.Action
    REASON_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RESUME: RolloutRequest.Action
    ROLLBACK: RolloutRequest.Action
    START: RolloutRequest.Action
    STATUS: RolloutRequest.Action
    VERSION_FIELD_NUMBER: _ClassVar[int]
    action: RolloutRequest.Action
    model: str
    plan: str
    reason: str
    request_id: str
    version: int
    def __init__(self, model: _Optional[str] = ..., action: _Optional[_Union[RolloutRequest.Action, str]] = ..., plan: _Optional[str] = ..., request_id: _Optional[str] = ..., reason: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class Status(_message.Message):
    __slots__ = ["code", "message", "retry_after_us"]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_US_FIELD_NUMBER: _ClassVar[int]
    code: Code
    message: str
    retry_after_us: int
    def __init__(self, code: _Optional[_Union[Code, str]] = ..., message: _Optional[str] = ..., retry_after_us: _Optional[int] = ...) -> None: ...

class TeacherUse(_message.Message):
    __slots__ = ["model", "queries", "sha256", "version"]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    QUERIES_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    model: str
    queries: int
    sha256: bytes
    version: int
    def __init__(self, model: _Optional[str] = ..., version: _Optional[int] = ..., sha256: _Optional[bytes] = ..., queries: _Optional[int] = ...) -> None: ...

class VerifyReply(_message.Message):
    __slots__ = ["results"]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[VerifyResult]
    def __init__(self, results: _Optional[_Iterable[_Union[VerifyResult, _Mapping]]] = ...) -> None: ...

class VerifyRequest(_message.Message):
    __slots__ = ["model"]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: str
    def __init__(self, model: _Optional[str] = ...) -> None: ...

class VerifyResult(_message.Message):
    __slots__ = ["model", "ok", "problem", "version"]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    OK_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    model: str
    ok: bool
    problem: str
    version: int
    def __init__(self, model: _Optional[str] = ..., version: _Optional[int] = ..., ok: bool = ..., problem: _Optional[str] = ...) -> None: ...

class Version(_message.Message):
    __slots__ = ["artefact_bytes", "created_us", "failure", "lineage", "number", "policy", "sha256", "state"]
    ARTEFACT_BYTES_FIELD_NUMBER: _ClassVar[int]
    CREATED_US_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    LINEAGE_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    artefact_bytes: int
    created_us: int
    failure: str
    lineage: Lineage
    number: int
    policy: Policy
    sha256: bytes
    state: VersionState
    def __init__(self, number: _Optional[int] = ..., state: _Optional[_Union[VersionState, str]] = ..., sha256: _Optional[bytes] = ..., artefact_bytes: _Optional[int] = ..., created_us: _Optional[int] = ..., lineage: _Optional[_Union[Lineage, _Mapping]] = ..., failure: _Optional[str] = ..., policy: _Optional[_Union[Policy, _Mapping]] = ...) -> None: ...

class WatchEvent(_message.Message):
    __slots__ = ["alias", "model", "rollout", "version"]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ROLLOUT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    alias: AliasChange
    model: str
    rollout: RolloutReply
    version: Version
    def __init__(self, version: _Optional[_Union[Version, _Mapping]] = ..., alias: _Optional[_Union[AliasChange, _Mapping]] = ..., rollout: _Optional[_Union[RolloutReply, _Mapping]] = ..., model: _Optional[str] = ...) -> None: ...

class WatchRequest(_message.Message):
    __slots__ = ["model"]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: str
    def __init__(self, model: _Optional[str] = ...) -> None: ...

class Welcome(_message.Message):
    __slots__ = ["calls_in_flight_max", "features", "frame_bytes_max", "protocol", "rows_in_flight_max", "rows_per_call_max", "server"]
    CALLS_IN_FLIGHT_MAX_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    FRAME_BYTES_MAX_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    ROWS_IN_FLIGHT_MAX_FIELD_NUMBER: _ClassVar[int]
    ROWS_PER_CALL_MAX_FIELD_NUMBER: _ClassVar[int]
    SERVER_FIELD_NUMBER: _ClassVar[int]
    calls_in_flight_max: int
    features: _containers.RepeatedScalarFieldContainer[str]
    frame_bytes_max: int
    protocol: int
    rows_in_flight_max: int
    rows_per_call_max: int
    server: str
    def __init__(self, protocol: _Optional[int] = ..., server: _Optional[str] = ..., frame_bytes_max: _Optional[int] = ..., rows_per_call_max: _Optional[int] = ..., calls_in_flight_max: _Optional[int] = ..., rows_in_flight_max: _Optional[int] = ..., features: _Optional[_Iterable[str]] = ...) -> None: ...

class Code(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class ElementType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class ActionMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class Head(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class Activation(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class VersionState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class Serving(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []
