// planfence: asks the plan before a tool runs. Written by `planfence install --agents opencode`, and taken out by
// `planfence uninstall --agents opencode`.
import { spawn } from "node:child_process"

const LIMIT_MS = 30000
const NO_ANSWER = "planfence gave no answer, so this is denied: install planfence, or ask a person to remove this plugin"

function ask(event, directory, fields) {
  return new Promise((resolve) => {
    const child = spawn("planfence-agent", ["opencode"], { cwd: directory, timeout: LIMIT_MS })
    let said = ""
    let complaint = ""
    child.stdout.on("data", (data) => { said += data })
    child.stderr.on("data", (data) => { complaint += data })
    child.stdin.on("error", () => {})
    child.on("error", () => resolve({ denied: NO_ANSWER }))
    child.on("close", (code) => {
      if (code !== 0) return resolve({ denied: complaint.trim() || NO_ANSWER })
      let answer = {}
      try {
        answer = said.trim() ? JSON.parse(said) : {}
      } catch {
        return resolve({ denied: NO_ANSWER })
      }
      const specific = answer.hookSpecificOutput ?? {}
      const denied = specific.permissionDecision === "deny" ? specific.permissionDecisionReason : undefined
      resolve({ denied, told: answer.reason, context: specific.additionalContext })
    })
    child.stdin.end(JSON.stringify({ hook_event_name: event, cwd: directory, ...fields }))
  })
}

export const Planfence = async ({ directory }) => {
  const told = new Map()
  return {
    "chat.message": async (input, output) => {
      const text = output.parts.filter((part) => part.type === "text").map((part) => part.text).join("\n")
      const answer = await ask("UserPromptSubmit", directory, { session_id: input.sessionID, prompt: text })
      if (answer.context) told.set(input.sessionID, answer.context)
    },
    "experimental.chat.system.transform": async (input, output) => {
      if (told.has(input.sessionID)) output.system.push(told.get(input.sessionID))
    },
    "tool.execute.before": async (input, output) => {
      const fields = { session_id: input.sessionID, tool_name: input.tool, tool_input: output.args }
      const answer = await ask("PreToolUse", directory, fields)
      if (answer.denied) throw new Error(answer.denied)
    },
    "tool.execute.after": async (input, output) => {
      const fields = { session_id: input.sessionID, tool_name: input.tool, tool_input: input.args }
      const answer = await ask("PostToolUse", directory, fields)
      if (!answer.told) return
      if (Array.isArray(output.content)) output.content.push({ type: "text", text: answer.told }) // an MCP server's tool
      else output.output = `${output.output}\n\n${answer.told}`
    },
  }
}
