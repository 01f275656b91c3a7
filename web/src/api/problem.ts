// Problem documents (RFC 9457): how a failed request reaches the page.

/** One wrong field of the request's body. `pointer` is a JSON pointer (RFC 6901). */
export interface FieldProblem {
  pointer: string;
  detail: string;
  code?: string | null;
  params?: Record<string, unknown>;
}

export class Problem extends Error {
  /** HTTP status; 0 when no answer came at all. */
  readonly status: number;
  /** Stable word that the page translates. */
  readonly code: string;
  readonly params: Record<string, unknown>;
  readonly detail: string;
  readonly requestId: string | null;
  readonly errors: FieldProblem[];
  /** Seconds the server asks to wait, from `Retry-After`. */
  readonly retryAfter: number | null;

  constructor(fields: {
    status: number;
    code: string;
    detail: string;
    params?: Record<string, unknown>;
    requestId?: string | null;
    errors?: FieldProblem[];
    retryAfter?: number | null;
  }) {
    super(fields.detail || fields.code);
    this.name = "Problem";
    this.status = fields.status;
    this.code = fields.code;
    this.detail = fields.detail;
    this.params = fields.params ?? {};
    this.requestId = fields.requestId ?? null;
    this.errors = fields.errors ?? [];
    this.retryAfter = fields.retryAfter ?? null;
  }
}

/** Reads the answer of a failed request. The body may be anything: a proxy before the server answers HTML. */
export async function problemOf(response: Response): Promise<Problem> {
  const requestId = response.headers.get("X-Request-Id");
  const retryAfter = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  const common = {
    status: response.status,
    retryAfter: Number.isNaN(retryAfter) ? null : retryAfter,
  };
  const body: unknown = await response.json().catch(() => null);
  return (
    problemIn(body, { ...common, requestId }) ??
    new Problem({ ...common, code: `http-${response.status}`, detail: response.statusText, requestId })
  );
}

/** A problem document in an answer: one of several deeds of a request may have failed. */
export function problemIn(
  body: unknown,
  common: { status: number; requestId: string | null; retryAfter: number | null } = {
    status: 0,
    requestId: null,
    retryAfter: null,
  },
): Problem | null {
  if (!isRecord(body) || typeof body.code !== "string") return null;
  return new Problem({
    ...common,
    status: common.status || (typeof body.status === "number" ? body.status : 0),
    code: body.code,
    detail: textOf(body.detail) ?? textOf(body.title) ?? "",
    params: isRecord(body.params) ? body.params : {},
    requestId: common.requestId ?? textOf(body.instance),
    errors: Array.isArray(body.errors) ? body.errors.filter(isFieldProblem) : [],
  });
}

/** Whatever was thrown, as a problem: a request that got no answer rejects with a `TypeError`. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof TypeError) return new Problem({ status: 0, code: "no-answer", detail: error.message });
  return new Problem({
    status: 0,
    code: "page-error",
    detail: error instanceof Error ? error.message : String(error),
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isFieldProblem(value: unknown): value is FieldProblem {
  return isRecord(value) && typeof value.pointer === "string" && typeof value.detail === "string";
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
