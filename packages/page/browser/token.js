/** The token of `http:`, which this tab keeps until it is closed. */
import { find } from './dom.js';

const name = 'logcatch token';

export const kept = () => sessionStorage.getItem(name);

/**
 * Shows the form, or hides it, and calls back when a token is given.
 * @param {() => void} given
 */
export function tokenForm(given) {
  const form = find('token', HTMLFormElement);
  const field = find('token-field', HTMLInputElement);
  const problem = find('token-problem', HTMLElement);
  const forget = find('forget', HTMLButtonElement);
  form.onsubmit = (event) => {
    event.preventDefault();
    const token = field.value.trim();
    if (token === '') return;
    sessionStorage.setItem(name, token);
    field.value = '';
    given();
  };
  forget.onclick = () => {
    sessionStorage.removeItem(name);
    // What it was shown goes too.
    location.reload();
  };
  return {
    /** It is not let in. */
    ask() {
      const tried = kept() !== null;
      sessionStorage.removeItem(name);
      problem.textContent = tried ? 'That is not its token.' : '';
      forget.hidden = true;
      if (!form.hidden && !tried) return;
      form.hidden = false;
      field.focus();
    },
    hide() {
      form.hidden = true;
      problem.textContent = '';
      forget.hidden = kept() === null;
    },
  };
}
