/** Digits that may be a card number: as issuers print it in groups, or in one piece; no part of a longer word or number. */
const shape =
  /(?<![\w.+-])(?:\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|\d{4}([ -])\d{6}\2\d{4,5}|\d{13,19})(?![\w-]|\.\d)/g;

/** First digits of the issuers, and the lengths that they use. */
const issuers: readonly (readonly [prefix: RegExp, lengths: readonly number[]])[] = [
  [/^4/, [13, 16, 19]], // Visa
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]], // Mastercard
  [/^3[47]/, [15]], // American Express
  [/^(?:30[0-5]|3[689])/, [14, 16]], // Diners Club
  [/^(?:6011|64[4-9]|65)/, [16, 19]], // Discover
  [/^35(?:2[89]|[3-8])/, [16]], // JCB
  [/^62/, [16, 17, 18, 19]], // UnionPay
  [/^(?:50|5[6-9]|6[37])/, [16]], // Maestro
];

export function maskCards(text: string, replacement: string): string {
  return text.replace(shape, (found) => (isCard(found.replaceAll(/[ -]/g, '')) ? replacement : found));
}

/** Whether digits are the number of a card: an issuer's, with the check digit that belongs to them. */
export function isCard(digits: string): boolean {
  return issuers.some(([prefix, lengths]) => lengths.includes(digits.length) && prefix.test(digits)) && luhn(digits);
}

function luhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const weighed = i % 2 === 0 ? digit : digit * 2;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return sum % 10 === 0;
}
