// Prints what node:test reports as the lines that every runner here prints:
//   ok NAME      FAIL NAME: why      skip NAME: why
// A test that only groups others is not counted; a file that crashes is. What a test prints
// itself follows "# ", but for its own `skip NAME: why` lines. A run that is ended from outside, by the
// limit of its suite, names what it was waiting for.

import { writeSync } from 'node:fs';

const oneLine = (text) => String(text).replace(/\s+/g, ' ').trim();
// The first ": " of a line ends the name, so a name has none.
const nameOf = (event) => oneLine(event.name.replace(/^.*\//, '')).replaceAll(': ', ' - ');

function whyOf(error) {
  const cause = error?.cause ?? error;
  return oneLine(cause?.message ?? cause ?? 'no reason given').slice(0, 300);
}

export default async function* report(source) {
  let inside = 0; // nesting of the deepest open result: a shallower one closes a group
  const begun = new Map();
  process.prependListener('SIGTERM', () => {
    for (const name of begun.values()) writeSync(1, `FAIL ${name}: not over when the run was ended\n`);
    process.exit(143);
  });
  for await (const { type, data } of source) {
    const id = `${data.file} ${data.nesting} ${data.name}`;
    if (type === 'test:dequeue' && data.name !== data.file) begun.set(id, nameOf(data));
    else if (type === 'test:pass' || type === 'test:fail') begun.delete(id);
    if (type === 'test:stdout' || type === 'test:stderr') {
      for (const line of data.message.split('\n').filter(Boolean)) {
        yield `${/^skip [^:]+: ./.test(line) ? '' : '# '}${line}\n`;
      }
    } else if (type === 'test:pass') {
      const group = data.nesting < inside;
      inside = data.nesting;
      if (data.skip !== undefined && data.skip !== false) {
        yield `skip ${nameOf(data)}: ${data.skip === true ? 'no reason given' : oneLine(data.skip)}\n`;
      } else if (data.todo !== undefined && data.todo !== false) {
        yield `FAIL ${nameOf(data)}: a test marked todo\n`;
      } else if (!group && data.details?.type !== 'suite') {
        yield `ok ${nameOf(data)}\n`;
      }
    } else if (type === 'test:fail') {
      const group = data.nesting < inside;
      inside = data.nesting;
      const error = data.details?.error;
      const onlyChildren = error?.failureType === 'subtestsFailed';
      if (!group || !onlyChildren) {
        yield `FAIL ${nameOf(data)}: ${whyOf(error)}\n`;
        const stack = error?.cause?.stack;
        if (stack) yield stack.split('\n').map((line) => `#   ${line}\n`).join('');
      }
    }
  }
}
