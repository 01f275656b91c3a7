// What became of a node in the past.
export const nodeHistory = {
  title: "Out of service",
  none: "Never, as far as is known",
  from: "From",
  to: "To",
  lasted: "For",
  now: "now",
  reason: "Reason",
  state: "State",
  by: "{{reason}} (by {{user}})",
  endedBy: "taken back by {{user}}",
  noReason: "no reason given",
  fromAccounting: "from accounting",
};
