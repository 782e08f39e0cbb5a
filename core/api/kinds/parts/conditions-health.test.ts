import { describe, expect, it } from 'vitest';
import { conditionsHealth } from './conditions-health.ts';

const of = (status: object, metadata: object = {}): unknown => conditionsHealth({ metadata, status } as never);
const condition = (type: string, status: string, more: object = {}): object => ({ type, status, ...more });

describe('the health of a kind nobody knows', () => {
  it.each<[string, object, object]>([
    ['a ready one', { conditions: [condition('Ready', 'True')] }, { level: 'good', word: 'Ready' }],
    ['one that is not, with its reason', { conditions: [condition('Ready', 'False', { reason: 'NoDisk', message: 'the disk is gone' })] }, { level: 'bad', word: 'NoDisk', reason: 'the disk is gone' }],
    ['one on its way', { conditions: [condition('Ready', 'False', { message: 'two of three' }), condition('Progressing', 'True', { reason: 'Scaling' })] }, { level: 'busy', word: 'Scaling', reason: 'two of three' }],
    ['one nobody has looked at', { conditions: [condition('Ready', 'Unknown')] }, { level: 'busy', word: 'Not ready yet', reason: undefined }],
    ['trouble goes first', { conditions: [condition('Available', 'True'), condition('Degraded', 'True', { message: 'one replica lost' })] }, { level: 'bad', word: 'Degraded', reason: 'one replica lost' }],
    ['a phase', { phase: 'Running' }, { level: 'good', word: 'Running' }],
    ['a bad state', { state: 'Error' }, { level: 'bad', word: 'Error' }],
    ['a word of its own', { phase: 'Hibernating' }, { level: 'none', word: 'Hibernating' }],
    ['nothing', {}, { level: 'none', word: '' }],
    ['conditions that are none', { conditions: 'yes' }, { level: 'none', word: '' }],
  ])('%s', (_, status, health) => { expect(of(status)).toEqual(health); });
  it('one that is going', () => { expect(of({ phase: 'Running' }, { deletionTimestamp: '2026-01-01T00:00:00Z' })).toEqual({ level: 'busy', word: 'Terminating' }); });
});
