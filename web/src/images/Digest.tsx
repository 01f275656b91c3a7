// The SHA-256 of an image's files: known, being computed, or to be had when an operator asks.
import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../api/client";
import type { ImageDetail } from "../api/types";
import { useIsOperator } from "../auth/use-session";
import { useFollowScans } from "../live/follow-scans";
import { ProblemNote } from "../ui/states";
import { imageQuery } from "./queries";

export function Digest({ image }: { image: ImageDetail }) {
  useFollowScans();
  const { t } = useTranslation();
  const operator = useIsOperator();
  const cache = useQueryClient();
  const ask = api.useMutation("post", "/api/v1/images/{id}/digest", {
    onSuccess: () => cache.invalidateQueries({ queryKey: imageQuery(image.id).queryKey }),
  });
  const there = image.locations.filter(({ state }) => state !== "inactive");
  const known = [...new Set(there.flatMap(({ sha256 }) => sha256 ?? []))];
  const wanted = there.some(({ sha256_wanted }) => sha256_wanted);
  const missing = there.some(({ sha256 }) => !sha256);
  const problem = there.find(({ sha256_problem }) => sha256_problem)?.sha256_problem;
  return (
    <>
      {known.map((sha256) => (
        <div key={sha256} className="qd-mono">
          {sha256}
        </div>
      ))}
      {known.length > 1 && <div>{t("images.digestsDiffer")}</div>}
      {wanted && <div className="qd-dim">{t("images.digestWanted")}</div>}
      {!wanted && problem && <div className="qd-dim">{t("images.noDigest", { why: problem })}</div>}
      {!wanted && missing && operator && (
        <Button
          variant="default"
          size="compact-xs"
          loading={ask.isPending}
          onClick={() => ask.mutate({ params: { path: { id: image.id } } })}
        >
          {t("images.computeDigest")}
        </Button>
      )}
      {known.length === 0 && !wanted && !problem && !operator && "–"}
      {ask.error && <ProblemNote error={ask.error} />}
    </>
  );
}
