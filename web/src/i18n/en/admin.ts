export const admin = {
  only: "This page is for administrators",
  onlyAdvice: "Your role does not allow it. If you need it, ask an administrator.",
};
