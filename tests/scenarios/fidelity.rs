//! What the product asks of Graph, and what the simulated tenant answers, held against descriptions of Graph that come
//! from Microsoft's own SDKs and schema, by a validator that others wrote. tests/fidelity/README.md says how.

mod caller;
mod journeys;
mod recorder;

use std::path::Path;
use std::process::Command;

use recorder::Traffic;

#[tokio::test]
#[ignore = "needs openapi-core: make fidelity"]
async fn requests_and_answers_are_as_microsofts_descriptions_of_graph_say() {
    let traffic = Traffic::default();
    journeys::each_person_is_reset(&traffic).await;
    journeys::people_use_the_desk(&traffic).await;
    journeys::graph_gets_in_the_way(&traffic).await;
    journeys::lists_have_many_pages(&traffic).await;
    caller::asks_for_everything(&traffic).await;
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("graph-traffic.jsonl");
    traffic.write(&file);
    let mut hold = Command::new(std::env::var("PYTHON").expect("PYTHON is set by make fidelity"));
    hold.arg("-B")
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fidelity/hold.py"
        ))
        .arg(file);
    let held = hold.output().unwrap();
    let report = String::from_utf8_lossy(&held.stdout);
    println!("{report}");
    let errors = String::from_utf8_lossy(&held.stderr);
    assert!(held.status.success(), "{report}{errors}");
}
