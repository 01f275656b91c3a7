// Differences, loaded when somebody first compares two texts.
import { lazy } from "react";

export const LazyDifferences = lazy(() =>
  import("./Differences").then((module) => ({ default: module.Differences })),
);
