import { nextTurn } from '../../src/common/next-turn.js';

it('gives one turn to one of several long works, and in their order', async () => {
  let turn = 0;
  const counting = (): void => {
    turn += 1;
    immediate = setImmediate(counting);
  };
  let immediate = setImmediate(counting);
  const steps: { readonly work: string; readonly turn: number }[] = [];
  const work = async (name: string): Promise<void> => {
    for (let step = 0; step < 3; step++) {
      await nextTurn();
      steps.push({ work: name, turn });
    }
  };

  await Promise.all(['a', 'b', 'c'].map(work));
  clearImmediate(immediate);

  expect(steps.map(({ work: name }) => name).join('')).toBe('abcabcabc');
  expect(new Set(steps.map((step) => step.turn)).size).toBe(steps.length);
});
