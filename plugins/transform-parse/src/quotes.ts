const [quote, backslash] = [34, 92];

/** Where the quote is that ends a text, past escaped ones; -1 where there is none. */
export function closingQuote(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === quote) return i;
    if (code === backslash) i++;
  }
  return -1;
}
