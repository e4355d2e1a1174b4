/** Whom the leader of a Raft group tells, when, and until when. */
import { beforeEach, expect, test } from 'vitest';
import { LeaderNotice } from './leader-notice.ts';

const NOBODY = { leader: -1, leaderEpoch: 0, partitionEpoch: 0 };
const OURS = { leader: 2, leaderEpoch: 7, partitionEpoch: 1 };

let told: number[];
let notice: LeaderNotice;

beforeEach(() => {
  told = [];
  notice = new LeaderNotice(2, (correlationId, leaderEpoch) => {
    expect(leaderEpoch).toBe(7);
    told.push(correlationId);
  });
  notice.shown(0, NOBODY);
});

test('says it once, and is done when the metadata show it', () => {
  expect(notice.deadlineMs).toBe(Infinity);
  notice.leads(10, 7);
  expect(told).toEqual([-1]);
  expect(notice.deadlineMs).toBe(Infinity);
  notice.answered(12, -1, true);
  notice.shown(14, OURS);
  expect(notice.deadlineMs).toBe(Infinity);
  notice.tick(10_000);
  expect(told).toEqual([-1]);
});

test('says it again when it was refused, and when the metadata do not show it', () => {
  notice.leads(10, 7);
  notice.answered(20, -1, false);
  expect(notice.deadlineMs).toBe(120);
  notice.tick(119);
  expect(told).toEqual([-1]);
  notice.tick(120);
  notice.answered(130, -2, true);
  notice.tick(1130);
  expect(told).toEqual([-1, -2, -3]);
});

test('says it again when it was forgotten, also while it was being told', () => {
  notice.leads(0, 7);
  notice.shown(1, OURS);
  notice.shown(2, { ...OURS, leader: -1, partitionEpoch: 2 });
  expect(told).toEqual([-1]);
  notice.answered(3, -1, true);
  notice.tick(103);
  expect(told).toEqual([-1, -2]);
  notice.answered(104, -2, true);
  notice.shown(105, { ...OURS, partitionEpoch: 3 });
  notice.shown(200, { ...OURS, leader: -1, partitionEpoch: 4 });
  expect(told).toEqual([-1, -2, -3]);
});

test('says nothing where a later leader is known, nor when it does not lead', () => {
  notice.shown(0, { leader: 3, leaderEpoch: 8, partitionEpoch: 1 });
  notice.leads(1, 7);
  notice.leads(2, null);
  notice.shown(3, NOBODY);
  notice.tick(5000);
  expect(told).toEqual([]);
});

test('an answer to what it said in another epoch is nothing', () => {
  notice.leads(0, 7);
  notice.leads(1, null);
  notice.leads(2, 7);
  notice.answered(3, -1, false);
  expect(notice.deadlineMs).toBe(Infinity);
  expect(told).toEqual([-1, -2]);
});
