import { describe, expect, it } from "vitest";
import { asProblem, Problem, problemOf } from "../api/problem";
import { i18nFor } from "../test/render";
import { problemTexts } from "./problem-text";

function texts(language: "en" | "ko") {
  const i18n = i18nFor(language);
  return problemTexts((key, params = {}) =>
    i18n.exists(key) ? String(i18n.t(key as never, params as never)) : null,
  );
}

const document = (body: object, status = 422, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers });

describe("a problem", () => {
  it("is told in the reader's language, with its values", async () => {
    const problem = await problemOf(
      document({
        code: "scheduler-refused",
        detail: "refused",
        params: { cluster: "slurm", message: "Invalid qos" },
      }),
    );
    expect(texts("en")(problem).title).toBe("slurm refused the job: Invalid qos");
    expect(texts("ko")(problem).title).toBe("slurm에서 작업을 거부했습니다: Invalid qos");
  });

  it("shows the server's own sentence where its code is newer than the page", async () => {
    const problem = await problemOf(document({ code: "brand-new", detail: "The moon is in the way: wait." }));
    expect(texts("ko")(problem).title).toBe("The moon is in the way: wait.");
  });

  it("carries the request's id, from the header or from the document", async () => {
    const body = { code: "internal", detail: "", instance: "in-document" };
    expect((await problemOf(document(body, 500))).requestId).toBe("in-document");
    expect((await problemOf(document(body, 500, { "X-Request-Id": "in-header" }))).requestId).toBe(
      "in-header",
    );
  });

  it("can be read from an answer that is no problem document", async () => {
    const problem = await problemOf(
      new Response("<html>Bad Gateway</html>", { status: 502, statusText: "" }),
    );
    expect(texts("en")(problem).title).toBe("The server behind the proxy does not answer.");
  });

  it("says when to try again", async () => {
    const problem = await problemOf(document({ code: "http-429", detail: "" }, 429, { "Retry-After": "12" }));
    expect(texts("en")(problem).advice).toBe("Try again in 12 s.");
    const long = await problemOf(document({ code: "too-many-requests" }, 429, { "Retry-After": "599" }));
    expect(texts("en")(long).advice).toBe("Try again in 10 min.");
    expect(texts("ko")(long).advice).toBe("10분 후에 다시 시도하십시오.");
  });

  it("is made of a request that got no answer", () => {
    const problem = asProblem(new TypeError("Failed to fetch"));
    expect(texts("en")(problem)).toEqual({
      title: "The server does not answer.",
      advice: "Check your connection; what you typed is still here.",
    });
  });

  it("keeps names from users as they are", () => {
    const problem = new Problem({
      status: 422,
      code: "scheduler-refused",
      detail: "",
      params: { cluster: "<b>", message: "$(id)" },
    });
    expect(texts("en")(problem).title).toBe("<b> refused the job: $(id)");
  });

  it("explains a field by its code, else in the server's words", () => {
    const field = texts("ko").field;
    expect(
      field({ pointer: "/files", code: "missing-file", detail: "x", params: { name: "input.txt" } }),
    ).toBe("input.txt 파일이 없습니다. 업로드하십시오.");
    expect(field({ pointer: "/x", code: "brand-new", detail: "Say otherwise." })).toBe("Say otherwise.");
  });
});
