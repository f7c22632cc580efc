/** Whether the Chinese words of the desk are those for what the service says, no less and no more. */
import { chineseOf } from '../../web/src/text/service-words.js';

export const expectChinese = (said: readonly string[], words: Readonly<Record<string, string>>): void => {
  expect(said.filter((one) => chineseOf(one) === null)).toEqual([]);
  const all = said.map((one) => chineseOf(one)).join('\n');
  const unused = Object.values(words).filter(
    (chinese) => !chinese.split(/\{\w+\}/).every((part) => all.includes(part)),
  );
  expect(unused).toEqual([]);
};
