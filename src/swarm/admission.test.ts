import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { Admission, type Place } from './admission.ts';

/** Lets connections from one address come until one is turned away. */
function flood(admission: Admission, host: string, most = 20_000): Place[] {
  const places: Place[] = [];
  while (places.length < most) {
    const place = admission.enter(host);
    if (place === undefined) break;
    places.push(place);
  }
  return places;
}

suite('admission', () => {
  test('an address that says nothing takes half of the places of those who have not spoken', () => {
    const admission = new Admission(new ManualClock(), { greeting: 100 });
    const silent = flood(admission, '10.0.0.1');
    assert.equal(silent.length, 50);
    assert.notEqual(admission.enter('10.0.0.2'), undefined);
    for (const place of silent) place.greeted();
    assert.equal(flood(admission, '10.0.0.1').length, 50);
  });

  test('an address that speaks takes half of all places', () => {
    const admission = new Admission(new ManualClock(), { connections: 100 });
    let count = 0;
    for (let place = admission.enter('10.0.0.1'); place !== undefined; count++) {
      place.greeted();
      place = admission.enter('10.0.0.1');
    }
    assert.equal(count, 50);
    assert.notEqual(admission.enter('10.0.0.2'), undefined);
  });

  test('a place is free again when its connection is over, however often that is said', () => {
    const admission = new Admission(new ManualClock(), { connections: 2, greeting: 2 });
    const place = admission.enter('10.0.0.1');
    assert.equal(admission.enter('10.0.0.1'), undefined);
    place?.leave();
    place?.leave();
    place?.greeted();
    assert.equal(admission.size, 0);
    admission.enter('10.0.0.1')?.greeted();
    assert.equal(admission.size, 1);
  });

  test('an address that comes without pause is slowed down, and others are not', () => {
    const clock = new ManualClock();
    const admission = new Admission(clock, { perSecondOfHost: 10 });
    const come = (host: string): number => {
      let taken = 0;
      for (let dial = 0; dial < 1_000; dial++) {
        const place = admission.enter(host);
        place?.leave();
        if (place !== undefined) taken++;
      }
      return taken;
    };
    assert.equal(come('10.0.0.1'), 50);
    clock.advance(1_000);
    assert.equal(come('10.0.0.1'), 10);
    assert.equal(come('10.0.0.2'), 50);
  });

  test('many addresses together are slowed down', () => {
    const clock = new ManualClock();
    const admission = new Admission(clock, { perSecond: 100 });
    let taken = 0;
    for (let dial = 0; dial < 5_000; dial++) {
      const place = admission.enter(`10.${dial >> 8}.${dial & 255}.1`);
      place?.leave();
      if (place !== undefined) taken++;
    }
    assert.equal(taken, 500);
  });

  test('addresses are forgotten in time', () => {
    const clock = new ManualClock();
    const admission = new Admission(clock);
    for (let dial = 0; dial < 20_000; dial++) {
      admission.enter(`10.${dial >> 8}.${dial & 255}.1`)?.leave();
      clock.advance(10);
    }
    assert.ok(admission.hosts < 1_500, `${admission.hosts} addresses`);
    for (let dial = 0; dial < 20_000; dial++)
      admission.enter(`11.${dial >> 8}.${dial & 255}.1`)?.leave();
    assert.ok(admission.hosts <= 2_000, `${admission.hosts} addresses`);
  });
});
