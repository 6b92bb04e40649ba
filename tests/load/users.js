// Up to a hundred users on a service, as k6 plays them: k6 run -e URL=https://shop.example.com tests/load/users.js
//
// Only against a service of your own. It fails when one request in twenty is slower than 500 ms or one in a hundred fails.
import { check, sleep } from 'k6';
import http from 'k6/http';

if (!__ENV.URL) throw new Error('URL is not set: k6 run -e URL=http://127.0.0.1:8080 tests/load/users.js');

export const options = {
  stages: [
    { duration: '1m', target: 20 },
    { duration: '2m', target: 100 },
    { duration: '5m', target: 100 },
    { duration: '1m', target: 0 },
  ],
  thresholds: {
    checks: ['rate>0.99'],
    http_req_duration: ['p(95)<500'],
    http_req_failed: ['rate<0.01'],
  },
};

export default function () {
  const answer = http.get(`${__ENV.URL}${__ENV.REQUEST_PATH || '/health'}`, { timeout: '10s' });
  check(answer, { 'is well': (it) => it.status >= 200 && it.status < 300 });
  sleep(1 + Math.random());
}
