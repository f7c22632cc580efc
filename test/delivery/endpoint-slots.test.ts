import { EndpointSlots } from '../../src/delivery/endpoint-slots.js';

/** How many it can take now. */
const free = (slots: EndpointSlots, endpointId: string): number => {
  let taken = 0;
  while (slots.take(endpointId)) taken++;
  return taken;
};

it('an endpoint has five slots, one after it gave no answer, and five again after it did', () => {
  const slots = new EndpointSlots();
  expect(free(slots, 'a')).toBe(5);
  expect(slots.full).toEqual(['a']);

  for (let i = 0; i < 5; i++) slots.release('a', true);
  expect(slots.full).toEqual([]);
  expect(free(slots, 'a')).toBe(1);
  expect(slots.full).toEqual(['a']);
  expect(free(slots, 'b')).toBe(5);

  slots.release('a', false);
  expect(free(slots, 'a')).toBe(5);
});
