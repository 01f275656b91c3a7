/** The same keys with other texts. Korean has no plural: `_one` is left out. */
export type Translation<Messages> = {
  [Key in keyof Messages as Key extends `${string}_one` ? never : Key]: Messages[Key] extends string
    ? string
    : Translation<Messages[Key]>;
};
