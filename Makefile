# make demo : light curves of a simulated quad, from frames to .rdb, beside the truth
# make demo-shapes : galaxy shapes of a drawn mosaic, from exposures to the catalogue
# make test : the test suite                make test-long : what takes long, or starts clusters
# make lint : style
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

# Each file is compiled once, not by every one of some hundred processes.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo demo-shapes test test-long lint clean

demo: $(INSTALLED)
	rm -rf demo
	$(BIN)/python skymaker/1_draw_campaign.py demo --out demo/sky
	$(BIN)/python pipe/run_all.py configs/demo
	$(BIN)/python extrascripts/compare_with_truth.py configs/demo --truth demo/sky
	$(BIN)/python pipe/8_lookback/1_build_pages.py configs/demo

demo-shapes: $(INSTALLED)
	rm -rf demo_shapes
	$(BIN)/python skymaker/3_draw_mosaic.py demo --out demo_shapes/sky
	$(BIN)/python pipe/run_all.py configs/shapes_demo --route shapes --cpus 2
	$(BIN)/python pipe/fac_shapes/7d_report.py configs/shapes_demo --truth demo_shapes/sky/truth.ecsv

test: $(INSTALLED)
	$(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder -m "not long"

test-long: $(INSTALLED)
	$(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder -m long

lint: $(INSTALLED)
	$(BIN)/ruff check .

clean:
	rm -rf .venv demo demo_shapes

$(INSTALLED): requirements.txt pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'cosmouline needs Python 3.11 or newer: make PYTHON=python3.11')"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $(INSTALLED)
