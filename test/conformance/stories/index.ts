import { w13, w15, w5 } from './applications.ts';
import { w19hpa } from './autoscaling.ts';
import { w11, w12 } from './configuration.ts';
import { pingpong, w1, w14, w16 } from './first-contact.ts';
import { w18 } from './operators.ts';
import { k1 } from './jobs.ts';
import { k2 } from './restarts.ts';
import { w10, w9 } from './services.ts';
import { w17 } from './stateful.ts';
import type { Story } from './story.ts';
import { w19, w6, w7, w8 } from './workloads.ts';

export const stories: readonly Story[] = [w1, pingpong, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15, w16, w17, w18, w19, w19hpa, k1, k2];
