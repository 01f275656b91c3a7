// Which limits hold for somebody in an account: her own there, the account's, and those of the accounts above it.
import type { Share } from "../api/types";

export interface LimitOf {
  balance: Share["limits"][number];
  /** Whose limit it is. */
  of: Share;
}

export function limitsOf(share: Share, all: readonly Share[]): LimitOf[] {
  const chain: Share[] = [share];
  let account: string | null | undefined = share.account;
  while (account) {
    const row: Share | undefined = all.find(
      (other) => other.account === account && (other.user === null || other.user === undefined),
    );
    // A tree that bites its tail would be a server's mistake.
    if (!row || chain.includes(row)) break;
    chain.push(row);
    account = row.parent;
  }
  return chain.flatMap((of) => of.limits.map((balance) => ({ balance, of })));
}
