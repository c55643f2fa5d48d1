// The desk's own rules for deploy/docker: what no linter of Dockerfiles or compose files asks for.

import { imageProblems } from "./k8s.mjs";

/** The instructions of a Dockerfile, continued lines joined, comments left out: [[word, rest], ..]. */
export function instructions(text) {
  return text
    .split("\n")
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join("\n")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .map((line) => /^(\S+)\s+(.*)$/.exec(line).slice(1));
}

const isExecForm = (rest) => /\[\s*"\/[^\]]*\]\s*$/.test(rest ?? "");

/** What is wrong with a Dockerfile; empty: nothing. */
export function dockerfileProblems(text) {
  const all = instructions(text);
  const bases = all.filter(([word]) => word === "FROM").map(([, rest]) => rest.split(" ")[0]);
  const last = all.slice(all.findLastIndex(([word]) => word === "FROM"));
  const one = (name) => last.findLast(([word]) => word === name)?.[1];
  const rules = [
    [bases.at(-1) === "scratch", "its last stage is not FROM scratch"],
    [bases.slice(0, -1).every((base) => /^debian:12(\.\d+)?(-slim)?$/.test(base)), "it is not built on Debian 12"],
    [one("USER") === "65532:65532", "it does not run as 65532"],
    [isExecForm(one("HEALTHCHECK")) && /"health"/.test(one("HEALTHCHECK")), "its health is not asked of the program"],
    [isExecForm(one("ENTRYPOINT")), "its entry point wants a shell"],
    [!last.some(([word]) => word === "RUN"), "it runs something where there is no shell"],
    [!last.some(([word]) => word === "VOLUME"), "it makes a nameless volume"],
    [!all.some(([word]) => word === "ADD"), "it adds what may come from elsewhere"],
    [!all.some(([word, rest]) => ["ENV", "ARG"].includes(word) && /secret|password|token|key/i.test(rest)),
      "it has a secret in its environment"],
  ];
  return rules.filter(([holds]) => !holds).map(([, says]) => says);
}

function serviceRules(service, secrets) {
  const rules = [
    [service.read_only === true, "may write to its root"],
    [service.cap_drop?.join() === "ALL" && !service.cap_add, "keeps capabilities"],
    [service.security_opt?.includes("no-new-privileges:true"), "may gain privileges"],
    [!service.privileged, "is privileged"],
    [!service.network_mode && !service.pid && !service.ipc, "shares a name space"],
    [service.cpus > 0 && /^\d+[mg]$/.test(service.mem_limit ?? "") && service.pids_limit > 0, "has no limits"],
    [Array.isArray(service.healthcheck?.test) && service.healthcheck.test[0] === "CMD", "has no health check"],
    [(service.ports ?? []).every((port) => port.startsWith("127.0.0.1:")), "is published off loopback"],
    [(service.secrets ?? []).every((it) => secrets[it.source ?? it]?.file), "has a secret that is no file"],
    [
      Object.entries(service.environment ?? {}).every(
        ([name, value]) => !/SECRET|PASSWORD|TOKEN|KEY/.test(name) || value.startsWith("/"),
      ),
      "has a secret in its environment",
    ],
    [!(service.volumes ?? []).some((volume) => volume.includes("docker.sock")), "is given the daemon's socket"],
  ];
  return rules.filter(([holds]) => !holds).map(([, says]) => says);
}

const COMPOSE_KEYS = ["name", "services", "networks", "volumes", "secrets"];
const SERVICE_KEYS = [
  ...["cap_drop", "command", "cpus", "depends_on", "environment", "extra_hosts", "group_add", "healthcheck", "hostname", "image"],
  ...["logging", "mem_limit", "networks", "pids_limit", "ports", "read_only", "restart", "secrets", "security_opt"],
  ...["stop_grace_period", "tmpfs", "volumes"],
];
const unknown = (object, known) => Object.keys(object).filter((key) => !key.startsWith("x-") && !known.includes(key));

/** What is wrong with a parsed compose file; `env` is what ${NAME:-default} is filled from. */
export function composeProblems(compose, env = {}) {
  const filled = (image) => image.replaceAll(/\$\{(\w+):-([^}]*)\}/g, (_all, name, value) => env[name] ?? value);
  return [
    ...unknown(compose, COMPOSE_KEYS).map((key) => `there is no key ${key}`),
    ...Object.entries(compose.services).flatMap(([name, service]) =>
      [
        ...unknown(service, SERVICE_KEYS).map((key) => `has a key ${key} that is not expected`),
        ...imageProblems([filled(service.image ?? "")]),
        ...serviceRules(service, compose.secrets),
        ...(service.networks ?? []).filter((it) => !(it in compose.networks)).map((it) => `has no network ${it}`),
      ].map((says) => `${name} ${says}`),
    ),
  ];
}
