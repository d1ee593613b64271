/** Takes a field apart from the others. */
export type Add = (name: string, value: string) => void;

/** Finds the fields of a text. Returns why it could not, in one of few wordings; what it added by then does not count. */
export type Format = (text: string, add: Add) => string | undefined;
