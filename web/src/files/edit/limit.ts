/** A file that is larger is slow in a text area; the server would take 8 MiB. */
export const MAX_EDIT_BYTES = 1024 * 1024;
