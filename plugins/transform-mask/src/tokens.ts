/** Tokens that show by their form whose they are. */
const known = [
  'eyJ[\\w-]{8,}\\.eyJ[\\w-]{8,}\\.[\\w-]*', // JSON Web Token
  '(?:AKIA|ASIA)[0-9A-Z]{16}', // AWS
  'gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\\w{40,255}', // GitHub
  'glpat-[\\w-]{20,255}', // GitLab
  'xox[abeoprs]-[A-Za-z0-9-]{10,255}', // Slack
  'AIza[\\w-]{35}', // Google
  '[rs]k_(?:live|test)_[A-Za-z0-9]{16,255}', // Stripe
  'npm_[A-Za-z0-9]{36}', // npm
].join('|');
const standing = new RegExp(`(?<![\\w-])(?:${known})(?![\\w-])`, 'g');

/** What follows `Bearer`, with a digit in it; or any scheme in the header that is for it. */
const bearer = /\b(bearer[ \t]{1,4})(?=[\w.~+/-]{0,60}\d)[\w.~+/-]{8,}={0,2}/gi;
const authorization =
  /\b(authorization["']?[ \t]{0,4}[:=][ \t]{0,4}["']?(?:basic|bearer|token)[ \t]{1,4})[\w.~+/-]{4,}={0,2}/gi;

/** `password=...`, and `"password": "..."`: the name stays. */
const names =
  '(?:pass(?:word|wd|phrase)?|pwd|secret|(?:access|refresh|auth|id|session|api|bearer)?[_-]?token|(?:api|access|private|secret)[_-]?key|client[_-]?secret)';
const assigned = new RegExp(`(?<![A-Za-z0-9])(${names}=)(?:"[^"]*"?|'[^']*'?|[^\\s&;,"']+)`, 'gi');
/** In JSON, also where the line ends within the value. */
const quoted = new RegExp(`("(?:\\w{1,40}[_-])?${names}"\\s{0,4}:\\s{0,4}")(?:[^"\\\\]|\\\\.)*`, 'gi');
/** In JSON that is a text in JSON. */
const twice = new RegExp(`(\\\\"${names}\\\\"\\s{0,4}:\\s{0,4}\\\\")(?:\\\\\\\\\\\\"|(?!\\\\").)*`, 'gi');

/** What is a secret by its form, or by the name that it is given to. */
export function maskTokens(text: string, replacement: string): string {
  const keepName = (_: string, name: string) => name + replacement;
  return text
    .replace(quoted, keepName)
    .replace(twice, keepName)
    .replace(assigned, keepName)
    .replace(authorization, keepName)
    .replace(bearer, keepName)
    .replace(standing, () => replacement);
}
