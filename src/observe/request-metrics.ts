import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Methods that are told apart: a client could think up any. */
const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** Seconds. Answers from memory take a millisecond, layers of gigabytes minutes. */
const buckets = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300];

interface Figures {
  readonly requests: { inc(): void };
  readonly duration: { observe(seconds: number): void };
  readonly sent: { inc(bytes: number): void };
  readonly received: { inc(bytes: number): void };
}

/** What is counted of the requests to a role: how many, how long, how large, and how many fail or are under way. */
export class RequestMetrics {
  readonly #requests: Counter<'route' | 'method' | 'status'>;
  readonly #durations: Histogram<'route' | 'method'>;
  readonly #bytes: Counter<'route' | 'direction'>;
  /** By route, method and status: prom-client looks labels up slowly. */
  readonly #figures = new Map<string, Figures>();
  #underWay = 0;

  constructor(register: Registry, prefix: 'docket_registry' | 'docket_agent') {
    const registers = [register];
    this.#requests = new Counter({
      name: `${prefix}_http_requests_total`,
      help: 'Requests that ended, by their class, method and status; the status 499 is a client that went away before its answer.',
      labelNames: ['route', 'method', 'status'],
      registers,
    });
    this.#durations = new Histogram({
      name: `${prefix}_http_request_duration_seconds`,
      help: 'From the headers of a request to the last byte of its answer.',
      labelNames: ['route', 'method'],
      buckets,
      registers,
    });
    this.#bytes = new Counter({
      name: `${prefix}_http_bytes_total`,
      help: 'Bytes of requests (received) and answers (sent), with their headers.',
      labelNames: ['route', 'direction'],
      registers,
    });
    const underWay = (): number => this.#underWay;
    const gauge = new Gauge({
      name: `${prefix}_http_requests_under_way`,
      help: 'Requests that are being answered.',
      registers: [],
      collect() {
        this.set(underWay());
      },
    });
    register.registerMetric(gauge);
  }

  started(): void {
    this.#underWay++;
  }

  /** `seconds`, and bytes with headers. */
  ended(of: {
    readonly route: string;
    readonly method: string;
    readonly status: number;
    readonly seconds: number;
    readonly sent: number;
    readonly received: number;
  }): void {
    this.#underWay--;
    const figures = this.#figuresOf(of.route, of.method, of.status);
    figures.requests.inc();
    figures.duration.observe(of.seconds);
    figures.sent.inc(of.sent);
    figures.received.inc(of.received);
  }

  #figuresOf(route: string, typedMethod: string, status: number): Figures {
    const method = methods.has(typedMethod) ? typedMethod : 'other';
    const key = `${route} ${method} ${status}`;
    const known = this.#figures.get(key);
    if (known !== undefined) return known;
    const figures = {
      requests: this.#requests.labels({ route, method, status: String(status) }),
      duration: this.#durations.labels({ route, method }),
      sent: this.#bytes.labels({ route, direction: 'sent' }),
      received: this.#bytes.labels({ route, direction: 'received' }),
    };
    this.#figures.set(key, figures);
    return figures;
  }
}
