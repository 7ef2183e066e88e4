/**
 * A form whose request is on its way: its button says so and cannot be pressed again, and what went wrong is said.
 */

import { Refused } from '../client/tandem.js';

/**
 * Runs a request.
 * @template Answer
 * @param {() => Promise<Answer>} request
 * @param {object} form
 * @param {HTMLButtonElement} form.button
 * @param {string} form.busy what the button says meanwhile
 * @param {HTMLElement} form.problem where a refusal is said
 * @param {(refused: Refused) => string} [form.sentence]
 * @returns {Promise<Answer|null>} null when it was refused
 */
export async function whileBusy(request, { button, busy, problem, sentence = ({ message }) => message }) {
  const label = button.textContent;
  problem.hidden = true;
  button.disabled = true;
  button.textContent = busy;
  try {
    return await request();
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    problem.textContent = sentence(refused);
    problem.hidden = false;
    return null;
  } finally {
    button.disabled = false;
    button.textContent = label;
  }
}
