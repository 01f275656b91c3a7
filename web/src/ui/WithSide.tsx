// What a page is about, and beside it what else is known; on a narrow screen one below the other.
import { Stack } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./WithSide.module.css";

interface WithSideProps {
  side: ReactNode;
  /** Where there is one column: the side above. */
  sideFirst?: boolean;
  children: ReactNode;
}

export function WithSide({ side, sideFirst, children }: WithSideProps) {
  return (
    <div className={classes.columns}>
      {children}
      <Stack gap="var(--qd-gap)" miw={0} className={sideFirst ? classes.first : undefined}>
        {side}
      </Stack>
    </div>
  );
}
