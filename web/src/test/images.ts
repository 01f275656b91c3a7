// Images for tests.
import type { Image, ImageDetail, ImageLocation } from "../api/types";

export function image(id: string, change: Partial<Image> = {}): Image {
  return {
    id,
    own: false,
    identity: { kind: "header", value: `uuid-of-${id}` },
    name: id,
    path: `/images/${id}.sif`,
    cluster: "slurm",
    host: "n1",
    hosts: 1,
    drifts: false,
    kind: "compute",
    size: 1024,
    format: "sif",
    created_at: null,
    version: null,
    architecture: null,
    apps: [],
    labels: {},
    needs: [],
    signed: false,
    signature: null,
    encrypted: false,
    modified_at: "2026-11-03T02:00:00Z",
    problem: null,
    state: "active",
    gone_at: null,
    ...change,
  };
}

export function imageLocation(host: string, change: Partial<ImageLocation> = {}): ImageLocation {
  return {
    cluster: "slurm",
    host,
    path: "/images/demo.sif",
    source: "node",
    size: 1024,
    modified_at: "2026-11-03T02:00:00Z",
    state: "active",
    first_seen_at: "2026-11-04T02:00:00Z",
    last_seen_at: "2026-11-05T02:00:00Z",
    gone_at: null,
    signature: null,
    signatures: [],
    signatures_checked_at: null,
    signatures_problem: null,
    sha256: null,
    sha256_wanted: false,
    sha256_problem: null,
    ...change,
  };
}

export function imageDetail(id: string, change: Partial<ImageDetail> = {}): ImageDetail {
  return { ...image(id), inspect: null, help: null, definition: null, locations: [], ...change };
}
