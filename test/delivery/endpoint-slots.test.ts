import { ATTEMPTS_AT_ONCE } from '../../src/delivery/delivery-limits.js';
import { EndpointSlots } from '../../src/delivery/endpoint-slots.js';

/** How many slots the endpoint can take now. */
const free = (slots: EndpointSlots, endpointId: string): number => {
  let acquired = 0;
  while (slots.take(endpointId)) acquired++;
  return acquired;
};

it('an endpoint has five slots, one slot after an attempt without an answer, and five again after an answer', () => {
  const slots = new EndpointSlots();
  expect(free(slots, 'a')).toBe(5);
  expect(slots.full).toEqual(['a']);

  for (let i = 0; i < 5; i++) slots.release('a', true);
  expect(slots.full).toEqual([]);
  expect(free(slots, 'a')).toBe(1);
  expect(slots.full).toEqual(['a']);
  slots.release('a', false);
  expect(free(slots, 'a')).toBe(5);
});

it.each([4, 10, 14])('%i endpoints that answered before and now hang leave a slot for another endpoint', (hanging) => {
  const slots = new EndpointSlots();
  let acquired = 0;
  for (let i = 0; i < hanging; i++) acquired += free(slots, `hanging-${i}`);
  expect(acquired).toBeLessThan(ATTEMPTS_AT_ONCE);
  expect(slots.take('healthy')).toBe(true);
});

it('endpoints that gave no answer share a few slots', () => {
  const slots = new EndpointSlots();
  const ids = Array.from({ length: 30 }, (_, i) => `silent-${i}`);
  for (const id of ids) {
    slots.take(id);
    slots.release(id, true);
  }
  expect(ids.filter((id) => slots.take(id))).toHaveLength(5);
  expect(slots.full.sort()).toEqual(ids.sort());
  expect(free(slots, 'healthy')).toBe(5);
});
