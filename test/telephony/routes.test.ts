import { routeTo } from '../../src/telephony/routes.js';
import { routes } from '../../src/config/setting-values.js';

const to = (written: string, number: string): string | undefined => {
  const route = routeTo(routes(written), number, 'CN');
  return route && `${route.to}=${route.providers.join('/')}`;
};

it.each([
  ['by prefix', '+86=a/b,=c', '+8613800002000', '+86=a/b'],
  ['by the route for every number', '+86=a,=c', '+14155550100', '=c'],
  ['by country', 'US=a,CA=b', '+14165550100', 'CA=b'],
  ['by country, a national number', 'CN=a', '95588', 'CN=a'],
  ['by prefix, a national number', '955=a,CN=b', '95588', '955=a'],
  ['by the first route that matches, not by the longest', 'CN=a,+86138=b', '+8613800002000', 'CN=a'],
  ['nowhere', '+86=a', '+14155550100', undefined],
  ['nowhere, for a number without a country', 'CN=a', '+80012345678', undefined],
])('routes a number %s', (_, written, number, expected) => {
  expect(to(written, number)).toBe(expected);
});

it.each(['', 'a', '=', '=a/', '=/a', '=a/a', 'cn=a', 'XX=a', '+8x=a', '=A', '=a,', '+86=a;=b'])(
  'rejects %j as a list of routes',
  (written) => {
    expect(() => routes(written)).toThrow(/^expected/);
  },
);
